/** Stands in for src/worker-url.ts in unit tests: the workers that build-workers.ts built from source. */
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { bundleFolder } from './bundle.js';

const workerUrl = (name: string): URL => pathToFileURL(join(bundleFolder, 'workers', name));

export const sqliteWorkerUrl = workerUrl('sqlite.js');
export const converterWorkerUrl = workerUrl('converter.js');
