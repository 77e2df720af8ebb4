/** Files in a report. */
import type { WsjfAttachment } from './wsjf-step.js';

/** A file to put into a report. Servers take reports up to about 10 MB. */
export interface AttachmentOptions {
  /** 1 to 256 characters. */
  name: string;
  /** Its bytes, or base64. */
  data: Uint8Array | string;
  /** Default `application/octet-stream`. */
  contentType?: string;
  description?: string;
}

/** The file as a report holds it. */
export function toAttachment(options: AttachmentOptions): WsjfAttachment {
  const { name, data, contentType = 'application/octet-stream', description } = options;
  const base64 =
    typeof data === 'string' ? data : Buffer.from(data.buffer, data.byteOffset, data.byteLength).toString('base64');
  return { name, contentType, data: base64, ...(description === undefined ? {} : { description }) };
}
