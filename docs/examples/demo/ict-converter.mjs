/** In-circuit tester: one board in a `;` separated file, one line for each component. */
import { ConverterBase, FileFormatError } from 'millrace';
import { measurement, unitReport } from './report.mjs';

export class IctConverter extends ConverterBase {
  name = 'ict';
  version = '1.0.0';
  supportedExtensions = ['.csv'];
  priority = 8;

  async convert(source, { stationName }) {
    const rows = (await source.text()).split(/\r?\n/).map(line => line.split(';'));
    const row = kind => rows.find(([first]) => first === kind);
    const [, partNumber, revision, startedAt] = row('START') ?? [];
    const [, serialNumber] = row('BOARD') ?? [];
    const [, verdict, seconds] = row('END') ?? [];
    if (!serialNumber || !verdict) throw new FileFormatError(`${source.name} has no BOARD or no END line`);

    const steps = rows
      .filter(([first]) => first === 'MEAS')
      .map(([, name, value, low, high, unit, status]) =>
        measurement({
          name,
          value: Number(value),
          low: Number(low),
          high: Number(high),
          unit,
          passed: status === 'PASS',
        }),
      );
    const result = verdict === 'PASS' ? 'P' : 'F';
    const facts = { partNumber, revision, serialNumber, startedAt, result, seconds: Number(seconds), steps };
    return unitReport({ ...facts, operation: 20, station: stationName });
  }
}
