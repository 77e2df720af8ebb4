/**
 * A converter to begin with: copy this folder, and put your format in place of this one.
 *
 * The files of this tester hold facts, an empty line, and a line for each measurement:
 *
 *     SerialNumber=SN-1001
 *     Started=2026-02-01T08:00:00+01:00
 *
 *     VCC;3.31;V;3.2;3.4
 */
import { ConverterBase, FileFormatError } from 'millrace';
import { UutReport } from 'millrace/report';

export class BenchLogConverter extends ConverterBase {
  // Unique in the pool, and never changed: idempotency keys are made with it.
  name = 'bench-log';
  // Raise it when conversions change: files that failed before are taken up again.
  version = '1.0.0';
  supportedExtensions = ['.log'];

  /** Cheap, before convert(): is this ours? */
  async validate(source) {
    for await (const line of source.lines()) {
      if (line.startsWith('SerialNumber=')) return { canConvert: true, confidence: 0.9 };
      return { canConvert: false, message: 'the first line is no serial number' };
    }
    return { canConvert: false, message: 'the file is empty' };
  }

  async convert(source, { arguments: options, stationName }) {
    const facts = new Map();
    const measurements = [];
    let line = 0;
    let inFacts = true;
    for await (const text of source.lines()) {
      line += 1;
      if (text.trim() === '') inFacts = false;
      else if (inFacts) facts.set(...fact(source.name, line, text));
      else measurements.push(measurement(source.name, line, text));
    }
    const report = new UutReport({
      pn: options.partNumber,
      sn: required(source.name, facts, 'SerialNumber'),
      rev: options.revision,
      processCode: options.processCode,
      machineName: stationName,
      location: options.location,
      purpose: 'Production',
      // When the test began, never the time of the conversion: the same file must give the same report again.
      start: required(source.name, facts, 'Started'),
    });
    for (const step of measurements) report.root.numeric(step);
    return report.toWsjf();
  }
}

function fact(file, line, text) {
  const at = text.indexOf('=');
  if (at < 1) throw wrong(file, line, 'a fact such as SerialNumber=SN-1', text);
  return [text.slice(0, at).trim(), text.slice(at + 1).trim()];
}

function measurement(file, line, text) {
  const [name, value, unit, lowLimit, highLimit, ...more] = text.split(';').map(cell => cell.trim());
  if (!name || highLimit === undefined || more.length > 0) {
    throw wrong(file, line, 'name;value;unit;low limit;high limit', text);
  }
  const number = cell => {
    if (cell !== '' && Number.isFinite(Number(cell))) return Number(cell);
    throw wrong(file, line, 'a number such as 3.31', cell);
  };
  return { name, unit, compOp: 'GELE', value: number(value), lowLimit: number(lowLimit), highLimit: number(highLimit) };
}

function required(file, facts, name) {
  const value = facts.get(name);
  if (value) return value;
  throw new FileFormatError(`${file} has no line ${name}=…: expected one among its facts`, { expected: `${name}=…` });
}

/** Says where and what was expected: whoever finds the .error file has nothing else. */
function wrong(file, line, expected, found) {
  return new FileFormatError(`${file} at line ${line}: expected ${expected}, and it is '${found.slice(0, 60)}'`, {
    line,
    expected,
  });
}
