import { join } from 'node:path';
import { Readable } from 'node:stream';
import { beforeAll, describe, expect, it } from 'vitest';
import type { ArchiveStorage } from '../../../src/archive/archive-storage.js';
import type { ArchiveFilter, ArchiveStatus } from '../../../src/archive/types.js';
import { archives, sha256 } from './support.js';

const { shared } = archives();
const START = Date.UTC(2026, 4, 1);
const HOUR_MS = 3_600_000;

interface Model {
  id: string;
  at: number;
  converterName: string;
  status: ArchiveStatus;
  serialNumber: string;
  content: string;
  words: string;
}

const model: Model[] = [];
let archive: ArchiveStorage;

beforeAll(async () => {
  archive = await shared();
  const statuses: ArchiveStatus[] = ['success', 'success', 'success', 'failed', 'skipped'];
  await Promise.all(
    Array.from({ length: 200 }, async (_, index) => {
      // Some hours hold many, some none, and some times are the same.
      const at = START + Math.floor(index / 7) * 5 * HOUR_MS + (index % 3) * 1000;
      const converterName = index % 50 === 7 ? 'rare' : `c${index % 3}`;
      const status = statuses[index % 5] as ArchiveStatus;
      const serialNumber = `SN-${index % 40}`;
      const content = `content ${index % 90}`;
      const name = `Prüfling_${index}.csv`;
      const error = status === 'failed' ? `Wert außerhalb: Grenze ${index % 4}` : '';
      const source = { path: join('/in', name), stream: Readable.from([content]) };
      const id = await archive.archiveSource(source, { converterName, timestamp: new Date(at) });
      await archive.updateConversion(id, { status, serialNumber, ...(error ? { error } : {}) });
      const words = `prufling ${index} csv ${error} ${serialNumber}`.toLowerCase();
      model.push({ id, at, converterName, status, serialNumber, content, words });
    }),
  );
});

function expected(filter: ArchiveFilter): string[] {
  return model
    .filter(
      one =>
        (filter.from === undefined || one.at >= filter.from.getTime()) &&
        (filter.to === undefined || one.at < filter.to.getTime()) &&
        (filter.converterName === undefined || one.converterName === filter.converterName) &&
        (filter.status === undefined || one.status === filter.status) &&
        (filter.serialNumber === undefined || one.serialNumber === filter.serialNumber) &&
        (filter.sha256 === undefined || sha256(one.content) === filter.sha256),
    )
    .map(({ id }) => id)
    .sort();
}

/** All pages; each holds `limit` entries but the last, and they are in order over all. */
async function all(filter: ArchiveFilter, limit: number, order: 'asc' | 'desc'): Promise<string[]> {
  const ids: string[] = [];
  let last: number | undefined;
  let cursor: string | undefined;
  do {
    const page = await archive.query({ ...filter, limit, order, ...(cursor === undefined ? {} : { cursor }) });
    for (const entry of page.entries) {
      const at = entry.timestamp.getTime();
      if (last !== undefined) expect(order === 'asc' ? at >= last : at <= last).toBe(true);
      last = at;
      ids.push(entry.archiveId);
    }
    if (page.nextCursor !== null) expect(page.entries).toHaveLength(limit);
    cursor = page.nextCursor ?? undefined;
  } while (cursor !== undefined);
  return ids;
}

const at = (hours: number): Date => new Date(START + hours * HOUR_MS);

const FILTERS: ArchiveFilter[] = [
  {},
  { from: at(24), to: at(48) },
  { from: at(5.0001), to: at(70.5) },
  { from: at(60), to: at(20) },
  { converterName: 'c1' },
  { converterName: 'rare' },
  { converterName: 'nobody' },
  { status: 'failed' },
  { status: 'suspended' },
  { converterName: 'c2', status: 'skipped', from: at(10), to: at(120) },
  { serialNumber: 'SN-7' },
  { serialNumber: 'SN-7', status: 'failed' },
  { serialNumber: 'sn-7' },
  { sha256: sha256('content 3') },
  { sha256: sha256('content 3'), from: at(50) },
];

describe('query and count', () => {
  for (const [index, filter] of FILTERS.entries()) {
    it(`find the same as a model, in any page size and order: ${index} ${Object.keys(filter)}`, async () => {
      const wanted = expected(filter);
      expect((await all(filter, 7, 'desc')).sort()).toEqual(wanted);
      expect((await all(filter, 100, 'asc')).sort()).toEqual(wanted);
      expect(await archive.count(filter)).toBe(wanted.length);
    });
  }

  it('find words in names and errors, whatever their case and accents', async () => {
    const find = async (text: string, filter: ArchiveFilter = {}) =>
      (await all({ ...filter, text }, 50, 'desc')).sort();
    const ids = (match: (one: Model) => boolean) =>
      model
        .filter(match)
        .map(({ id }) => id)
        .sort();
    const grenze = ids(({ words }) => / grenze 3 /.test(words));
    expect(grenze.length).toBeGreaterThan(3);
    expect(await find('3 GRENZE')).toEqual(grenze);
    expect(await find('3: außerhalb, wert')).toEqual(grenze);
    expect(await find('grenz')).toEqual(ids(({ status }) => status === 'failed'));
    expect(await find('Prufling_174')).toEqual(ids(({ words }) => /prufling 174 /.test(words)));
    expect(await find('grenze', { from: at(24), to: at(48) })).toEqual(
      ids(({ status, at: time }) => status === 'failed' && time >= START + 24 * HOUR_MS && time < START + 48 * HOUR_MS),
    );
    expect(await find('nothing of the kind')).toEqual([]);
  });

  it('take text as text', async () => {
    for (const text of ['a OR b', 'NOT x', '"quo"te"', "it's", 'text:x', '(', 'near/3', '*', 'x NEAR y']) {
      if (text === '(' || text === '*') {
        await expect(archive.query({ text })).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
      } else {
        expect((await archive.query({ text })).entries).toEqual([]);
      }
    }
  });

  it('refuse what cannot be', async () => {
    const wrong = [{ limit: 0 }, { limit: 10_001 }, { cursor: '!' }, { sha256: 'abc' }, { from: new Date('x') }];
    for (const query of wrong) await expect(archive.query(query)).rejects.toMatchObject({ code: 'CONFIG_INVALID' });
    await expect(archive.query({ status: 'SUCCESS' as ArchiveStatus })).rejects.toMatchObject({
      code: 'CONFIG_INVALID',
    });
  });
});

describe('statistics', () => {
  it('sum up by converter, day and status', async () => {
    const { entries, bytes, byConverter, byDay, byStatus } = await archive.statistics();
    expect(entries).toBe(200);
    expect(bytes).toBe(model.reduce((sum, { content }) => sum + content.length, 0));
    expect(byStatus).toMatchObject({ success: 120, failed: 40, skipped: 40, pending: 0 });
    expect(byConverter.rare?.entries).toBe(expected({ converterName: 'rare' }).length);
    expect(byDay[0]).toMatchObject({ day: '2026-05-01', entries: expected({ from: at(0), to: at(24) }).length });
    const part = await archive.statistics({ converterName: 'c1', from: at(24), to: at(48) });
    expect(part.entries).toBe(expected({ converterName: 'c1', from: at(24), to: at(48) }).length);
  });
});
