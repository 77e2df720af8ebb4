/** Several reports from one file, and what the error folder tells of a file that gave none. */
import { ConverterResult, FileFormatError } from 'millrace';
import { describe, expect, it } from 'vitest';
import { converter, next, Station } from './support.js';

const lines = converter(async source =>
  (await source.text()).split('\n').map((sn, index) => ({ sn, index, name: source.name })),
);

describe('several reports from one file', () => {
  it('arrive in their order, each under a key of its own, and the source is cleaned up once', async () => {
    const station = await Station.open();
    const pool = await station.start({ converters: [{ converter: lines }] });
    const completed = next(pool, 'completed');
    await station.drop('watch/panel.txt', ['a', 'b', 'c', 'd', 'e'].join('\n'));
    const { reports } = await completed;
    await station.settled(pool);
    expect(station.reports<{ sn: string }>().map(report => report.sn)).toEqual(['a', 'b', 'c', 'd', 'e']);
    const keys = station.server.reports.map(report => report.idempotencyKey);
    expect(new Set(keys).size).toBe(5);
    expect(reports.map(report => report.id)).toEqual(keys);
    expect(reports.map(report => report.serverId)).toEqual(station.server.reports.map(report => report.id));
    expect(await station.files('Done')).toEqual(['panel.txt']);
  });

  it('keep their order through an outage', async () => {
    const station = await Station.open();
    await station.server.down();
    const pool = await station.start({ converters: [{ converter: lines }], queue: { concurrency: 1 } });
    const queued = next(pool, 'queuedOffline');
    await station.drop('watch/panel.txt', ['a', 'b', 'c'].join('\n'));
    expect((await queued).waiting).toBe(3);
    await station.server.up();
    await station.settled(pool);
    expect(station.reports<{ sn: string }>().map(report => report.sn)).toEqual(['a', 'b', 'c']);
  });

  it('fail together: the server refuses one, those after it are not sent, and the source is in the error folder', async () => {
    const station = await Station.open();
    station.server.behave = ({ body }) =>
      (body as { sn: string }).sn === 'b' ? { status: 400, body: 'no such part number' } : undefined;
    const pool = await station.start({ converters: [{ converter: lines }] });
    const failed = next(pool, 'failed');
    await station.drop('watch/panel.txt', ['a', 'b', 'c'].join('\n'));
    expect((await failed).error).toMatchObject({ code: 'SUBMIT_REFUSED' });
    await pool.idle();
    expect(station.reports<{ sn: string }>().map(report => report.sn)).toEqual(['a']);
    expect(await station.files('Error')).toEqual(['panel.txt', 'panel.txt.error']);
    expect(JSON.parse(await station.read('Error/panel.txt.error')).message).toContain('no such part number');
    expect((await pool.statistics()).files).toMatchObject({ failed: 1, completed: 0 });
  });

  it('may be none: then the file is skipped and cleaned up', async () => {
    const station = await Station.open();
    const none = converter(() => []);
    const pool = await station.start({ converters: [{ converter: none }] });
    const skipped = next(pool, 'skipped');
    await station.drop('watch/empty.txt', '\n');
    await skipped;
    await station.settled(pool);
    expect(station.reports()).toEqual([]);
    expect(await station.files('Done')).toEqual(['empty.txt']);
  });
});

describe('the error folder', () => {
  it('has the source under its name and an .error file with all that is needed to act', async () => {
    const station = await Station.open();
    const bad = converter(
      () => {
        throw new FileFormatError('line 3 has 4 cells, not 5', { hints: ['Export it again with all columns.'] });
      },
      { name: 'csv', supportedExtensions: ['.csv'] },
    );
    const pool = await station.start({ converters: [{ converter: bad }] });
    const failed = next(pool, 'failed');
    await station.drop('watch/bad.csv', 'a;b;c;d');
    const { correlationId, target, attempts } = await failed;
    await station.settled(pool);
    expect(target).toBe(station.path('Error', 'bad.csv'));
    expect(attempts).toBe(1);
    expect(await station.files('Error')).toEqual(['bad.csv', 'bad.csv.error']);
    expect(await station.read('Error/bad.csv')).toBe('a;b;c;d');
    const told = JSON.parse(await station.read('Error/bad.csv.error'));
    expect(told).toEqual({
      timestamp: expect.stringMatching(/^\d{4}-\d\d-\d\dT[\d:.]+Z$/),
      file: 'bad.csv',
      converter: 'csv',
      errorType: 'FileFormatError',
      code: 'FILE_FORMAT',
      message: 'line 3 has 4 cells, not 5',
      stack: expect.stringContaining('reports.test'),
      attempts: 1,
      correlationId,
      hints: expect.arrayContaining(['Export it again with all columns.']),
      docs: 'docs/guides/troubleshooting.md#file_format',
    });
    expect(await pool.explain(station.path('Error', 'bad.csv'))).toContain('line 3 has 4 cells');
  });

  it('keeps the structure of sub-folders, and both of two failures of one name', async () => {
    const station = await Station.open();
    const bad = converter(() => ConverterResult.failed(new FileFormatError('no')));
    const pool = await station.start({ converters: [{ converter: bad, recursive: true }] });
    for (const content of ['first', 'second']) {
      await station.drop('watch/line 1/a.txt', content);
      await station.settled(pool);
    }
    expect(await station.files('Error/line 1')).toEqual(['a.txt', 'a.txt.error', 'a_1.txt', 'a_1.txt.error']);
    expect(await station.read('Error/line 1/a_1.txt')).toBe('second');
  });

  it('gives its files back when somebody retries them, and the .error file goes', async () => {
    const station = await Station.open();
    let mended = false;
    const mendable = converter(source => {
      if (!mended) throw new FileFormatError('not yet');
      return { name: source.name };
    });
    const pool = await station.start({ converters: [{ converter: mendable }] });
    await station.drop('watch/a.txt', 'a');
    await station.settled(pool);
    mended = true;
    expect(await pool.retry({ code: 'FILE_FORMAT' })).toBe(1);
    await station.settled(pool);
    expect(station.reports()).toEqual([{ name: 'a.txt' }]);
    expect([await station.files('Error'), await station.files('Done')]).toEqual([[], ['a.txt']]);
  });
});
