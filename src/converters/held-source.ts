/** A source as the pool has it: read once, with what tells it from a later one of the same name. */
import type { FileIdentity } from '../files/identity.js';
import type { ConverterSource } from './source.js';

/** See {@link ConverterSource}. */
export interface HeldSource extends ConverterSource {
  readonly identity: FileIdentity;
  /** What idempotency keys are made with, in hex: the SHA-256 of the content, or of the key that a pulled item was given. */
  readonly key: string;
  /** Lets go of the content, in memory or in a copy; later reads come from the file and are checked against the checksum. Safe to call twice. */
  release(): void;
}
