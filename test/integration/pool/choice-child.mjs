/**
 * A station whose two converters may take each file, and which is killed at a step. Arguments: the program's module, the
 * station's folder, the server's URL, and where it is killed: `validate`, or `convert` once one report is accepted.
 */
import { join } from 'node:path';

const [module, folder, url, killedAt] = process.argv.slice(2);
const { AsyncConverterPool, ConverterBase, HttpSubmitter, PendingQueue } = await import(module);
const die = () => process.kill(process.pid, 'SIGKILL');

class Rival extends ConverterBase {
  supportedExtensions = ['.txt'];
  constructor(name, confidence) {
    super();
    this.name = name;
    this.confidence = confidence;
  }
  validate() {
    if (killedAt === 'validate' && this.name === 'b') die();
    return { canConvert: true, confidence: this.confidence };
  }
  convert() {
    return [
      { by: this.name, n: 0 },
      { by: this.name, n: 1 },
    ];
  }
}

const submitter = new HttpSubmitter({ url });
const pool = new AsyncConverterPool({
  dataDir: join(folder, 'state'),
  pending: new PendingQueue({
    directory: join(folder, 'outbox'),
    submitter: {
      submit: async (report, options) => {
        if (killedAt === 'convert' && report.n === 1) die();
        return submitter.submit(report, options);
      },
    },
    minFreeBytes: 0,
    reserveBytes: 0,
  }),
  minFreeBytes: 0,
  converters: [new Rival('a', 0.6), new Rival('b', 0.9)].map(converter => ({
    converter,
    watchFolder: join(folder, 'watch'),
    stabilityMs: 1,
  })),
});
await pool.start();
