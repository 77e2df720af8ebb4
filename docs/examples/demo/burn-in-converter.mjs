/** Burn-in chamber: a text log of one run with many units, so one file gives many reports. */
import { ConverterBase, ConverterResult } from 'millrace';
import { measurement, unitReport } from './report.mjs';

const SLOT = /^Slot +(?<slot>\d+) +(?<serialNumber>\S+) +Tmax +(?<peak>[\d.]+) C +(?<verdict>PASS|FAIL)/;

export class BurnInConverter extends ConverterBase {
  name = 'burn-in';
  version = '1.0.0';
  supportedExtensions = ['.log'];
  priority = 3;

  async convert(source) {
    const run = {};
    const slots = [];
    for await (const line of source.lines()) {
      const [, key, value] = /^(Chamber|Part|Started|Hours): +(.+)$/.exec(line) ?? [];
      if (key) run[key] = value;
      const slot = SLOT.exec(line)?.groups;
      if (slot) slots.push(slot);
    }
    if (slots.length === 0) return ConverterResult.skipped('the chamber ran empty');

    const [partNumber, revision] = run.Part.split(' rev ');
    const reports = slots.map(({ serialNumber, peak, verdict }) => {
      const passed = verdict === 'PASS';
      const steps = [
        measurement({ name: 'Peak temperature', value: Number(peak), low: 0, high: 85, unit: 'C', passed }),
      ];
      const facts = { partNumber, revision, serialNumber, startedAt: run.Started, steps, result: passed ? 'P' : 'F' };
      return unitReport({ ...facts, operation: 40, station: run.Chamber, seconds: Number(run.Hours) * 3600 });
    });
    return ConverterResult.success(reports, { metadata: { chamber: run.Chamber } });
  }
}
