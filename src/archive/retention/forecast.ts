/** What the policies will come to if intake goes on as it did: how many days are kept, and when the disk is full. */
import { type CompletePolicy, maxBytes } from './policy.js';

/** How much came in of late. */
export interface Intake {
  readonly converterName: string;
  /** What was archived within the window, whether it is still there or not. */
  readonly entries: number;
  readonly bytes: number;
  /** How long was looked back, in days: less than asked for where the archive is younger. */
  readonly days: number;
}

/** The forecast for one converter. */
export interface ConverterForecast {
  readonly converterName: string;
  readonly entriesPerDay: number;
  readonly bytesPerDay: number;
  /** What it has now. */
  readonly bytes: number;
  /** How many days its policy keeps at this intake; `Infinity` when nothing limits it. */
  readonly keptDays: number;
  /** How many days its policy asks for. */
  readonly retentionDays: number;
  /** What it will take once as much is purged as comes in; `Infinity` when nothing limits it. */
  readonly steadyBytes: number;
}

/** What the policies come to. */
export interface Forecast {
  readonly converters: readonly ConverterForecast[];
  /** Free space of the archive's disk, in bytes. */
  readonly freeBytes: number;
  /** When the archive alone fills the disk; nothing when it does not within a hundred years. */
  readonly diskFullAt: Date | undefined;
  /** All of it in words, a sentence for each converter and one for the disk. */
  readonly message: string;
}

const DAY_MS = 86_400_000;
const FAR_DAYS = 36_500;

/** What is known of one converter. */
export interface ForecastInput {
  readonly policy: CompletePolicy;
  readonly intake: Intake | undefined;
  readonly bytes: number;
}

/** Makes the forecast. @param now Epoch ms. */
export function forecast(inputs: readonly ForecastInput[], freeBytes: number, now: number): Forecast {
  const converters = inputs.map(forecastConverter);
  const days = daysUntilFull(converters, freeBytes);
  const diskFullAt = days === undefined ? undefined : new Date(now + days * DAY_MS);
  const disk = diskFullAt
    ? `the disk is full on ${diskFullAt.toISOString().slice(0, 10)}`
    : 'the archive does not fill the disk';
  return { converters, freeBytes, diskFullAt, message: [...converters.map(inWords), disk].join('; ') };
}

function forecastConverter({ policy, intake, bytes }: ForecastInput): ConverterForecast {
  const perDay = (amount: number | undefined) => (intake && intake.days > 0 ? (amount ?? 0) / intake.days : 0);
  const bytesPerDay = perDay(intake?.bytes);
  const retentionDays = policy.enabled ? policy.retentionDays : Number.POSITIVE_INFINITY;
  const limit = policy.enabled ? maxBytes(policy) : Number.POSITIVE_INFINITY;
  const keptDays = bytesPerDay === 0 ? retentionDays : Math.min(retentionDays, limit / bytesPerDay);
  // Nothing comes in: it takes what it takes.
  const steadyBytes = bytesPerDay === 0 ? bytes : Math.min(limit, bytesPerDay * retentionDays);
  const { converterName } = policy;
  const entriesPerDay = perDay(intake?.entries);
  return { converterName, entriesPerDay, bytesPerDay, bytes, keptDays, retentionDays, steadyBytes };
}

/** Each converter grows by its intake until it has reached what its policy allows; when does that exceed what is free? */
function daysUntilFull(converters: readonly ConverterForecast[], freeBytes: number): number | undefined {
  const growing = converters
    .filter(one => one.bytesPerDay > 0 && one.steadyBytes > one.bytes)
    .map(one => ({ rate: one.bytesPerDay, until: (one.steadyBytes - one.bytes) / one.bytesPerDay }))
    .sort((a, b) => a.until - b.until);
  let rate = growing.reduce((sum, one) => sum + one.rate, 0);
  let free = freeBytes;
  let day = 0;
  for (const one of growing) {
    const needed = free / rate;
    if (day + needed <= one.until) return day + needed > FAR_DAYS ? undefined : day + needed;
    free -= rate * (one.until - day);
    day = one.until;
    rate -= one.rate;
  }
  return undefined;
}

function inWords({ converterName, keptDays, retentionDays, bytesPerDay }: ConverterForecast): string {
  const name = `'${converterName}'`;
  if (bytesPerDay === 0) return `nothing comes in for ${name}`;
  const asked = Number.isFinite(retentionDays) ? ` of ${rounded(retentionDays)} days` : ' days';
  if (!Number.isFinite(keptDays)) return `nothing limits ${name}`;
  return `at the present intake the policy of ${name} keeps ${rounded(keptDays)}${asked}`;
}

function rounded(days: number): string {
  return days >= 10 ? String(Math.round(days)) : days.toFixed(1).replace(/\.0$/, '');
}
