/** Real files of real testers, from folder to server. They are not part of the repo: without them there is nothing to run. */
import { existsSync } from 'node:fs';
import { cp } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { ConverterSource } from 'millrace';
import { describe, expect, it } from 'vitest';
import { repoRoot } from '../../support/run.js';
import { checksum, converter, Station } from './support.js';
import { unzip } from './unzip.js';

const samples = join(repoRoot, '../shared/samples');

interface Sample {
  file: string;
  convert: (source: ConverterSource) => Promise<object>;
  report: Record<string, unknown>;
}

const first = (text: string, pattern: RegExp): string => pattern.exec(text)?.[1] ?? `no ${pattern.source}`;
/** The serial number as the pattern finds it, and how often the other one occurs. */
const xml = (serial: RegExp, counted: RegExp) => async (source: ConverterSource) => {
  const text = await source.text();
  return { sn: first(text, serial), count: text.match(counted)?.length ?? 0 };
};
const json = async (source: ConverterSource) => JSON.parse(await source.text()) as object;
const xjlog = async (source: ConverterSource) => {
  const members = await unzip(await source.bytes());
  const run = String(members.get('Run 1.xml'));
  return { sn: first(run, /Serial number set to (\S+) by the test system/), members: [...members.keys()] };
};

const SAMPLES: Sample[] = [
  {
    file: 'WATS-Client-Converter-Spea-ICT-3030/Data/testdata_SN9871234012.csv',
    convert: async source => {
      let sn = '';
      let rows = 0;
      const results = new Set<string>();
      for await (const line of source.lines('windows-1252')) {
        const cells = line.split(';');
        if (cells[0] === 'SN') sn = cells[1] ?? '';
        if (cells[0] === 'BOARDRESULT') results.add(cells[1] ?? '');
        if (cells[0] === 'ANL') rows += 1;
      }
      return { sn, rows, results: [...results] };
    },
    report: { sn: 'SN9871234012', rows: 13_183, results: expect.arrayContaining(['PASS']) },
  },
  {
    file: 'TestStand-XML-Converter/Examples/TSWithWats.xml',
    convert: xml(/key="SN" value="([^"]*)"/, /<ReportInfo /g),
    report: { sn: '12345' },
  },
  {
    file: 'TestStand-XML-Converter/Examples/TsWithoutWats.xml',
    convert: xml(/Name='SerialNumber'[^>]*>\s*<Value>([^<]*)/, /<Report /g),
    report: { sn: '2342343', count: 1 },
  },
  {
    file: 'WATS-Client-Converter-Example/Examples/XMLReport.xml',
    convert: xml(/<SerialNumber>([^<]*)/, /<NumericTest /g),
    report: { sn: '12345' },
  },
  {
    file: 'WATS-Client-Converter-JTAG/Examples/1234_14_25_32_10.08.2018_Pass.xjlog',
    convert: xjlog,
    report: { sn: '1234', members: ['Run 1.xml', 'Run 1.checksum', '12164_636695079402994186', 'Info.xml'] },
  },
  {
    file: 'WATS-Client-Converter-JTAG/Examples/567567_14_29_24_17_06_2020_Pass.xjlog',
    convert: xjlog,
    report: { sn: '567567' },
  },
  {
    file: 'WATS-Client-Converter-JTAG/Examples/567567_14_29_24_17_06_2020_Pass.xml',
    convert: xml(/Serial number set to (\S+) by the test system/, /<testgroup /g),
    report: { sn: '567567' },
  },
  {
    file: 'WATS-Client-Converter-Klippel/Example/Log/DUT xyz115 2020-05-14 10-01-37-5 UTC+0200.txt',
    convert: async source => {
      const lines = (await source.text()).split('\n').filter(line => /^\w+=/.test(line));
      const settings = Object.fromEntries(lines.map(line => line.trim().split(/=(.*)/s, 2)));
      return { unit: /^DUT (\S+)/.exec(source.name)?.[1], settings };
    },
    report: {
      unit: 'xyz115',
      settings: expect.objectContaining({ Cfg_LimitsAvail: 'T', Cfg_LoginMode: 'PROGRAMMER' }),
    },
  },
  { file: 'pyWATS/uut-wsjf-export.json', convert: json, report: { sn: 'FATTest-325', type: 'T' } },
  { file: 'pyWATS/new_report_example.json', convert: json, report: { sn: '244750022142', result: 'P' } },
  { file: 'pyWATS/uur_example.json', convert: json, report: { sn: 'MODULE-20251221230142-5519', type: 'R' } },
  {
    file: 'pyWATS/uut-wsxf-export.xml',
    convert: xml(/ SN="([^"]*)"/, /<Report /g),
    report: { sn: 'FATTest-325', count: 1 },
  },
];

describe.skipIf(!existsSync(samples))('a real file', () => {
  it.each(SAMPLES)('$file becomes one report at the server, and lies in Done byte by byte', async sample => {
    const station = await Station.open();
    const pool = await station.start({
      converters: [{ converter: converter(sample.convert, { supportedExtensions: [], filePatterns: ['*'] }) }],
    });
    const source = join(samples, sample.file);
    const name = basename(sample.file);
    await cp(source, station.path('watch', name));
    await station.settled(pool);
    expect(station.reports()).toEqual([expect.objectContaining(sample.report)]);
    expect(await station.files('Done')).toEqual([name]);
    expect(await checksum(station.path('Done', name))).toBe(await checksum(source));
    expect(await station.files('watch')).toEqual([]);
    expect(station.errors).toEqual([]);
  });

  it('in a folder keeps its place in it: the six Klippel curves below their unit, and the log beside it', async () => {
    const station = await Station.open();
    const curve = converter(
      async source => {
        const rows = (await source.text()).trim().split(/\r?\n/);
        return { name: source.name, columns: rows[0]?.split('\t') ?? [], rows: rows.length - 1 };
      },
      { name: 'curve', supportedExtensions: [], filePatterns: ['DUT */*.txt'] },
    );
    const log = converter(async source => ({ name: source.name, rows: 0 }), { name: 'log', filePatterns: ['*.txt'] });
    const pool = await station.start({
      converters: [
        { converter: curve, recursive: true },
        { converter: log, recursive: true },
      ],
    });
    const source = join(samples, 'WATS-Client-Converter-Klippel/Example/Log');
    await cp(source, station.path('watch'), { recursive: true });
    await station.settled(pool);
    const unit = 'DUT xyz115 2020-05-14 10-01-37-5 UTC+0200';
    const curves = ['Impedance-imp', 'Impedance-values', 'Sound Pressure-rbz', 'Sound Pressure-resp'];
    curves.push('Sound Pressure-thd', 'Sound Pressure-values');
    const expected = [`${unit}.txt`, ...curves.map(name => join(unit, `${name}.txt`))].sort();
    expect(await station.files('Done')).toEqual(expected);
    for (const file of expected) {
      expect(await checksum(station.path('Done', file))).toBe(await checksum(join(source, file)));
    }
    const reports = station.reports<{ name: string; rows: number; columns?: string[] }>();
    expect(reports.map(({ name }) => name).sort()).toEqual(expected.map(file => basename(file)).sort());
    expect(reports.find(({ name }) => name === 'Impedance-imp.txt')).toMatchObject({
      columns: ['frq', 'imp', 'max', 'min'],
    });
    expect(await station.files('watch')).toEqual([]);
  });
});
