import { describe, expect, it } from 'vitest';
import { ConverterConfigError } from '../../../src/errors.js';
import { XmlConverter, type XmlConverterOptions } from '../../../src/formats/index.js';
import { cellAt, compilePath, elementsAt } from '../../../src/formats/xml/xml-path.js';
import { readXml, type XmlReadOptions } from '../../../src/formats/xml/xml-reader.js';
import { toSource } from '../../../src/testing/converter-input.js';
import { runConverter } from '../../../src/testing/index.js';
import { DEFAULTS, failureOf, reportsOf } from './support.js';

const parse = async (xml: string | Uint8Array, options: XmlReadOptions = {}) =>
  readXml(
    await toSource(new XmlConverter(), typeof xml === 'string' ? { text: xml } : xml, { name: 'a.xml' }),
    options,
  );

describe('readXml', () => {
  it('gives elements, attributes, text and CDATA, without prefixes, comments and instructions', async () => {
    const root = await parse(
      '<?xml version="1.0"?><!DOCTYPE a><!-- c --><?pi x?>\n<n:a xmlns:n="u" n:x="1">t<b y="&lt;&#176;"/><![CDATA[<&>]]> u</n:a>',
    );
    expect(root).toMatchObject({
      name: 'a',
      text: 't<&> u',
      attributes: { 'n:x': '1' },
      place: { line: 2, column: 1 },
    });
    expect(root.children).toMatchObject([
      { name: 'b', attributes: { y: '<°' }, text: '', place: { line: 2, column: 27 } },
    ]);
  });

  it.each([
    ['UTF-8', Buffer.from('<a>µ漢</a>'), 'µ漢'],
    ['UTF-8 with a byte order mark', Buffer.from('\ufeff<?xml version="1.0" encoding="utf-8"?><a>µ</a>'), 'µ'],
    ['UTF-16', Buffer.from('\ufeff<?xml version="1.0" encoding="utf-16"?><a>µ</a>', 'utf16le'), 'µ'],
    ['ISO-8859-2, declared', Buffer.from('<?xml version="1.0" encoding="iso-8859-2"?><a>\xe8</a>', 'latin1'), 'č'],
    ['UTF-8 that says it were UTF-16', Buffer.from('<?xml version="1.0" encoding="utf-16"?><a>µ</a>'), 'µ'],
    ['Windows-1252, not declared', Buffer.from('<a>\xb5</a>', 'latin1'), 'µ'],
  ])('reads %s', async (_name, bytes, text) => {
    expect((await parse(bytes)).text).toBe(text);
  });

  it('expands no entities, and fetches nothing', async () => {
    const laughs = '<!DOCTYPE a [<!ENTITY lol "lol"><!ENTITY lol2 "&lol;&lol;">]><a>&lol2;</a>';
    await expect(parse(laughs)).rejects.toThrow('expected no declarations in a document type: they are not read');
    const file = '<!DOCTYPE a [<!ENTITY x SYSTEM "file:///etc/passwd">]><a>&x;</a>';
    await expect(parse(file)).rejects.toMatchObject({ code: 'FILE_FORMAT', line: 1 });
    const external = '<!DOCTYPE a SYSTEM "http://127.0.0.1:1/x.dtd">\n<a>&x;</a>';
    await expect(parse(external)).rejects.toThrow(
      /a\.xml at line 2, column \d+ \(undefined entity\): expected one of &lt;/,
    );
  });

  it('has limits', async () => {
    const deep = '<a>'.repeat(300) + '</a>'.repeat(300);
    await expect(parse(deep)).rejects.toThrow('elements at most 256 levels deep');
    await expect(parse('<a><a><a/></a></a>', { maxDepth: 2 })).rejects.toMatchObject({ line: 1, column: 7 });
    expect((await parse('<a><a/></a>', { maxDepth: 2 })).children).toHaveLength(1);
    await expect(parse('<a>12345</a>', { maxBytes: 11 })).rejects.toThrow('expected a file of at most 11');
    await expect(parse(`<r>${'<a/>'.repeat(1_000_001)}</r>`)).rejects.toThrow('at most 1000000 elements');
  });

  it.each([
    ['<a>\n  <b>\n</a>', 3, '</b>'],
    ['<a><b></a>', 1, '</b>'],
    ['<a>\n<b/>', 2, '</a>'],
    ['<a b=1/>', 1, 'a value in quotes'],
    ['<a b="1" b="2"/>', 1, 'well-formed XML'],
    ['<a/><b/>', 1, 'one element that holds all others'],
    ['', 1, 'one element that holds all others'],
    ['just text', 1, 'one element that holds all others'],
    ['<a>\u0001</a>', 1, 'a character that XML allows here'],
    ['<a>&nbsp;</a>', 1, 'one of &lt;'],
    ['{"a": 1}', 1, 'one element that holds all others'],
  ])('%j fails with line, column and what was expected', async (text, line, expected) => {
    const error = await parse(text).then(
      () => undefined,
      (thrown: unknown) => thrown,
    );
    expect(error).toMatchObject({ name: 'FileFormatError', line, column: expect.any(Number) });
    expect((error as Error).message).toContain(expected);
  });

  it('ends when it is told to, and lets others have a turn', async () => {
    const text = `<r>${'<a b="c">d</a>'.repeat(50_000)}</r>`;
    const abort = new AbortController();
    const reason = new Error('enough');
    let turns = 0;
    const tick = (): void => {
      turns += 1;
      if (turns === 3) abort.abort(reason);
      else setImmediate(tick);
    };
    setImmediate(tick);
    await expect(parse(text, { signal: abort.signal })).rejects.toBe(reason);
  });

  it('hands over each element when it is complete', async () => {
    const seen: string[] = [];
    await parse('<a><b><c/></b><d/></a>', {
      onElement: ({ name, children }) => seen.push(`${name}${children.length}`),
    });
    expect(seen).toEqual(['c0', 'b1', 'd0', 'a2']);
  });
});

describe('paths', () => {
  it('lead to elements, attributes and texts', async () => {
    const root = await parse('<r><p n="a" v="1"><q> x </q></p><p n="b"><q>y</q><q z="&apos;]/">w</q></p></r>');
    const texts = (path: string) => elementsAt(compilePath(path), root, root).map(element => element.text.trim());
    expect(texts('p/q')).toEqual(['x', 'y', 'w']);
    expect(texts("p[@n='b']/q")).toEqual(['y', 'w']);
    expect(texts('*/*')).toEqual(['x', 'y', 'w']);
    expect(texts('/r/p[@n="a"]/q')).toEqual(['x']);
    expect(texts('/other/p')).toEqual([]);
    expect(texts('.')).toEqual(['']);
    const text = (path: string) => cellAt(compilePath(path), root, root)?.text;
    expect([text('p/@v'), text('p/@nothing'), text('p/q'), text('p/q[@z="\']/"]')]).toEqual(['1', undefined, 'x', 'w']);
  });

  it.each(['', '/', 'a//b', 'a/', '@', 'a/@b/c', 'a[1]', "a[@b='c", 'a b', "a[@b='c']x"])('%j is none', path => {
    expect(() => compilePath(path)).toThrow(ConverterConfigError);
  });
});

const MAPPING: XmlConverterOptions = {
  report: { sn: 'Head/Serial', start: 'Head/@at', user: 'Head/By', miscInfos: { Rack: '/Log/Rack' } },
  steps: [
    {
      at: 'Group',
      kind: 'sequence',
      name: '@id',
      steps: [
        { at: 'Num', name: '@id', value: '.', lowLimit: '@low', highLimit: '@high', constants: { unit: 'V' } },
        { at: 'Str', name: '@id', value: 'Value', limit: 'Limit', kind: 'string' },
      ],
    },
    { at: 'Check', name: '@id', value: '@ok', kind: 'passFail' },
  ],
  defaults: DEFAULTS,
};
const LOG = `<Log>
  <Rack>R1</Rack>
  <Head at="2026-02-01T08:00:00Z"><Serial> S1 </Serial><By>mo</By></Head>
  <Check id="LED" ok="True"/>
  <Group id="Power">
    <Num id="VCC" low="3" high="3.4">3.31</Num>
    <Str id="FW"><Value>1.2</Value><Limit>1.3</Limit></Str>
    <Num id="VDD">1.2</Num>
  </Group>
  <Check id="Buzzer" ok="False"/>
</Log>`;

describe('XmlConverter', () => {
  it('makes a report by paths, with the steps in the order of the file', async () => {
    const [report] = await reportsOf(new XmlConverter(MAPPING), LOG);
    expect(report).toMatchObject({
      sn: 'S1',
      result: 'F',
      start: '2026-02-01T08:00:00Z',
      uut: { user: 'mo' },
      miscInfos: [{ description: 'Rack', text: 'R1' }],
    });
    expect(report?.root.steps).toMatchObject([
      { name: 'LED', status: 'P' },
      {
        name: 'Power',
        status: 'F',
        steps: [
          {
            name: 'VCC',
            numericMeas: [{ value: 3.31, unit: 'V', compOp: 'GELE', lowLimit: 3, highLimit: 3.4, status: 'P' }],
          },
          { name: 'FW', stringMeas: [{ value: '1.2', limit: '1.3', compOp: 'EQ', status: 'F' }] },
          { name: 'VDD', numericMeas: [{ value: 1.2, compOp: 'LOG' }] },
        ],
      },
      { name: 'Buzzer', status: 'F' },
    ]);
  });

  it('makes several reports of one file', async () => {
    const converter = new XmlConverter({ reportAt: 'Unit', report: { sn: '@sn', pn: '/Lot/@pn' }, defaults: DEFAULTS });
    const reports = await reportsOf(converter, '<Lot pn="P7"><Unit sn="1"/><Other/><Unit sn="2"/></Lot>');
    expect(reports.map(({ sn, pn }) => [sn, pn])).toEqual([
      ['1', 'P7'],
      ['2', 'P7'],
    ]);
    expect(await failureOf(converter, '<Lot/>')).toMatchObject({ line: 1, expected: 'a report at Unit of <Lot>' });
  });

  it('maps with a function of the user', async () => {
    const converter = new XmlConverter({
      map: root => ({ sn: root.attributes.sn ?? '', parts: root.children.length }),
    });
    expect((await runConverter(converter, { text: '<u sn="1"><p/><p/></u>' })).reports).toEqual([
      { sn: '1', parts: 2 },
    ]);
  });

  it('says where a value cannot be understood', async () => {
    const error = await failureOf(new XmlConverter(MAPPING), LOG.replace('3.31', '3,31'), { name: 'a.xml' });
    expect(error.message).toBe(
      "a.xml at line 6, column 5 (.): expected a number such as 3.31 (see decimal: ','), and it is '3,31'",
    );
    expect((await failureOf(new XmlConverter(MAPPING), LOG.replace('at="2026', 'at="26'))).expected).toContain(
      'a time',
    );
    expect((await failureOf(new XmlConverter(MAPPING), LOG.replace('id="VDD"', ''))).message).toMatch(
      /line 8.*a name of the step/,
    );
  });

  it('refuses options that name what does not exist', () => {
    expect(() => new XmlConverter({ steps: [{ at: 'a', nam: 'b' } as never] })).toThrow(/a step has no field nam/);
    expect(() => new XmlConverter({ report: { sn: 'a//b' } })).toThrow(ConverterConfigError);
    expect(() => new XmlConverter({ report: { serial: 'a' } as never })).toThrow(/report has no field serial/);
  });
});
