/** What a pool and its workers tell each other. All of it is plain data that can be cloned into another thread or process. */
import type { MessagePort } from 'node:worker_threads';
import type { ValidationResult } from '../converter-base.js';
import type { ContextFacts } from '../run-conversion.js';
import type { PackedError } from './packed-error.js';
import type { PackedResult } from './packed-result.js';
import type { PackedSource } from './packed-source.js';

/** The converter that a worker makes: once, and uses for all its tasks. */
export interface Recipe {
  /** URL of the module, or the name of a package. */
  module: string;
  /** Absent: the default export, or else the only one that is a converter. */
  export: string | undefined;
  arguments: Record<string, unknown>;
  name: string | undefined;
}

/** The context of a conversion, but for what a worker makes itself. */
type PackedFacts = Omit<ContextFacts, 'logger' | 'progress'>;

export type Work =
  /** Tells what the converter is, without initialising it. */
  | { kind: 'describe' }
  | { kind: 'initialize' }
  | { kind: 'dispose' }
  | { kind: 'validate' | 'convert'; source: PackedSource; facts: PackedFacts }
  | { kind: 'onSuccess' | 'onFailure'; source: PackedSource; facts: PackedFacts; result: PackedResult };

/** One task for a worker. */
export type Task = Work & {
  recipe: Recipe;
  /** Through which messages go to and fro in a thread; a process uses its own channel. */
  port?: MessagePort;
};

/** What a converter is, as the pool has to know it. */
export interface Description {
  name: string;
  version: string;
  priority: number;
  supportedExtensions: readonly string[];
  filePatterns: readonly string[];
  arguments: Record<string, unknown>;
  /** Which optional methods it has. */
  methods: readonly OptionalMethod[];
}

export const OPTIONAL_METHODS = ['validate', 'onSuccess', 'onFailure'] as const;
export type OptionalMethod = (typeof OPTIONAL_METHODS)[number];

/** What a task came to. A worker that is able to answer never rejects. */
export type Answer =
  | { kind: 'done'; value?: Description | ValidationResult | PackedResult }
  | { kind: 'threw'; error: PackedError };

/** From a worker, while it works. */
export type Upward =
  /** The task has begun. `served`: tasks of other files that this worker has had. */
  | { kind: 'begun'; served: number }
  | { kind: 'log'; level: 'debug' | 'info' | 'warn' | 'error'; fields: Record<string, unknown>; message: string }
  | { kind: 'progress'; fraction: number; message?: string };

/** To a worker: its `context.signal` aborts. */
export interface Downward {
  kind: 'abort';
  reason: PackedError;
}
