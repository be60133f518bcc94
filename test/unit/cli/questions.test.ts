import { parseQuery, QueryError } from '@spanledger/audit-exporter/query';
import { describe, expect, it } from 'vitest';
import { parseLimit, parsePort } from '../../../packages/cli/src/options.ts';
import { pages } from '../../../packages/cli/src/pages.ts';
import { limitToTime, parseMoment } from '../../../packages/cli/src/times.ts';

const NOW = Date.parse('2026-11-21T12:00:00Z');

describe('--since and --until', () => {
  it('take spans of time and dates, and nothing else', () => {
    for (const good of ['90s', '15m', '2h', '7d', '1w', '2026', '2026-11-21', '2026-11-21T18:30:00Z']) {
      expect(parseMoment(good)).toBe(good);
    }
    for (const wrong of ['', 'yesterday', '5', 'm', '15 m', '2026-13-01', '" or x:y']) {
      expect(() => parseMoment(wrong), wrong).toThrow(/15m, 2h or 7d/);
    }
  });

  it('become part of the query', () => {
    expect(limitToTime('', {}, NOW)).toBe('');
    expect(limitToTime('', { since: '15m' }, NOW)).toBe('@timestamp >= "2026-11-21T11:45:00.000Z"');
    const query = limitToTime('user.id:alice or user.id:bob', { since: '2026-11-20', until: '1h' }, NOW);
    expect(parseQuery(query)).toEqual(
      parseQuery(
        '(user.id:alice or user.id:bob) and @timestamp >= "2026-11-20" and @timestamp < "2026-11-21T11:00:00.000Z"',
      ),
    );
  });

  it('find a mistake at its place in what the user wrote', () => {
    const broken = (): string => limitToTime('a and (b', { since: '1h' }, NOW);
    expect(broken).toThrow(QueryError);
    expect(broken).toThrow(expect.objectContaining({ position: 6 }));
  });
});

describe('numbers on the command line', () => {
  it('are checked', () => {
    expect(parseLimit('200')).toBe(200);
    for (const wrong of ['0', '-1', '1.5', 'x', '', '99999999'])
      expect(() => parseLimit(wrong)).toThrow(/whole number/);
    expect(parsePort('0')).toBe(0);
    for (const wrong of ['65536', '-1', 'http']) expect(() => parsePort(wrong)).toThrow(/port number/);
  });
});

describe('pages', () => {
  const answer =
    (items: number[]) =>
    (limit: number, cursor = '0'): Promise<{ items: number[]; next?: string }> => {
      const from = Number(cursor);
      const next = from + limit;
      return Promise.resolve({
        items: items.slice(from, next),
        ...(next < items.length && { next: String(next) }),
      });
    };
  const numbers = Array.from({ length: 25 }, (_, i) => i);
  const collect = async (limit: number): Promise<number[][]> => {
    const found: number[][] = [];
    for await (const page of pages(answer(numbers), limit, 10)) found.push(page);
    return found;
  };

  it('are followed to the end, or to the limit', async () => {
    expect((await collect(1000)).map((page) => page.length)).toEqual([10, 10, 5]);
    expect((await collect(12)).flat()).toEqual(numbers.slice(0, 12));
    expect((await collect(3)).flat()).toEqual([0, 1, 2]);
  });

  it('may be empty and still have a next one', async () => {
    const ask = (_limit: number, cursor?: string): Promise<{ items: number[]; next?: string }> =>
      Promise.resolve(cursor === undefined ? { items: [], next: 'more' } : { items: [7] });
    const found: number[][] = [];
    for await (const page of pages(ask, 10)) found.push(page);
    expect(found).toEqual([[7]]);
  });
});
