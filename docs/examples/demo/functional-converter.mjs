/** Functional tester: one unit in an XML file. A station would use an XML parser; this format needs a few lines. */
import { ConverterBase, FileFormatError } from 'millrace';
import { measurement, unitReport } from './report.mjs';

export class FunctionalConverter extends ConverterBase {
  name = 'functional';
  version = '1.0.0';
  supportedExtensions = ['.xml'];

  async convert(source) {
    const text = await source.text();
    const unit = elements(text, 'Unit')[0];
    if (!unit || !text.trimEnd().endsWith('</Unit>')) throw new FileFormatError(`${source.name} is no complete <Unit>`);

    const steps = elements(text, 'Step').map(step =>
      measurement({
        name: step.name,
        value: Number(step.value),
        low: Number(step.low),
        high: Number(step.high),
        unit: step.unit,
        passed: step.status === 'Passed',
      }),
    );
    return unitReport({
      partNumber: unit.partNumber,
      revision: unit.revision,
      serialNumber: unit.serialNumber,
      operation: 30,
      station: unit.station,
      startedAt: unit.started,
      result: unit.status === 'Passed' ? 'P' : 'F',
      seconds: Number(unit.seconds),
      steps,
    });
  }
}

/** The attributes of every element with this name. */
function elements(text, name) {
  return [...text.matchAll(new RegExp(`<${name}\\s([^>]*?)/?>`, 'g'))].map(([, attributes]) =>
    Object.fromEntries([...attributes.matchAll(/(\w+)="([^"]*)"/g)].map(([, key, value]) => [key, value])),
  );
}
