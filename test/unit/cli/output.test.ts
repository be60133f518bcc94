import { describe, expect, it } from 'vitest';
import { renderRecords, renderSessions, renderTimeline } from 'spanledger/output';
import { listAt, numberAt, textAt } from '../../../packages/cli/src/output/document-fields.ts';
import { renderJson, renderJsonLine } from '../../../packages/cli/src/output/json.ts';
import { colored } from '../../../packages/cli/src/output/paint.ts';
import { renderTable } from '../../../packages/cli/src/output/table.ts';
import { plain } from '../../../packages/cli/src/output/paint.ts';
import {
  cut,
  formatCount,
  formatMilliseconds,
  formatNanoseconds,
  formatTime,
  formatTimeOfDay,
} from '../../../packages/cli/src/output/text.ts';
import { innerSpan, serverCall, sessionDetail } from '../../support/cli/documents.ts';

describe('text', () => {
  it('says times in UTC, with milliseconds', () => {
    expect(formatTime('2026-11-21T10:00:01.234567890Z')).toBe('2026-11-21 10:00:01.234Z');
    expect(formatTime('2026-11-21T10:00:01Z')).toBe('2026-11-21 10:00:01.000Z');
    expect(formatTime('whenever')).toBe('whenever');
    expect(formatTimeOfDay('2026-11-21T10:00:01.2Z')).toBe('10:00:01.200');
  });

  it('says durations as people do', () => {
    expect(formatNanoseconds(900)).toBe('1 µs');
    expect(formatNanoseconds(12_345_678)).toBe('12.3 ms');
    expect(formatNanoseconds(4_200_000_000)).toBe('4.2 s');
    expect(formatMilliseconds(9)).toBe('9 ms');
    expect(formatMilliseconds(185_000)).toBe('3 min 5 s');
    expect(formatMilliseconds(7_800_000)).toBe('2 h 10 min');
  });

  it('separates thousands and cuts long text', () => {
    expect(formatCount(1_234_567)).toBe('1,234,567');
    expect(formatCount(0)).toBe('0');
    expect(cut('abcdef', 4)).toBe('abc…');
    expect(cut('abcd', 4)).toBe('abcd');
  });
});

describe('document fields', () => {
  it('are found by their path, and only where they are', () => {
    const document = serverCall();
    expect(textAt(document, 'http.response.status_code')).toBe('200');
    expect(textAt(document, 'http.request.method.x')).toBeUndefined();
    expect(textAt(document, 'constructor.name')).toBeUndefined();
    expect(listAt(document, 'oidc.scope')).toEqual(['openid', 'orders:read']);
    expect(listAt({ scope: 'one' }, 'scope')).toEqual(['one']);
    expect(numberAt({ n: '9007199254740993' }, 'n')).toBeGreaterThan(9e15);
    expect(numberAt({ n: 'many' }, 'n')).toBeUndefined();
  });
});

describe('tables', () => {
  it('align columns, pad by plain text under colour, and cut', () => {
    const columns = [
      { title: 'A', maxWidth: 4 },
      { title: 'N', maxWidth: 5, align: 'right' as const },
      { title: 'Z', maxWidth: 9 },
    ];
    const rows = [
      [{ text: 'ok', tone: 'good' as const }, '1', 'x'],
      ['abcdef', '12', ''],
    ];
    expect(renderTable(columns, rows, plain)).toBe('A      N  Z\nok     1  x\nabc…  12\n');
    const painted = renderTable(columns, rows, colored);
    expect(painted).toContain('\u001B[32mok\u001B[39m     1  x');
  });

  it('let no text of a record control the terminal', () => {
    const document = serverCall({ user: { id: 'eve\u001B[2J\u202Egpj' } });
    const text = renderRecords([document]);
    expect(text).not.toContain('\u001B');
    expect(text).not.toContain('\u202E');
    expect(text).toContain('eve\uFFFD[2J\uFFFDgpj');
  });
});

describe('renderRecords', () => {
  it('prints time, actor, action, outcome, status, duration, route, session and entry', () => {
    const [title, line] = renderRecords([serverCall()]).split('\n');
    expect(title?.split(/\s+/)).toEqual([
      'TIME',
      'ACTOR',
      'ACTION',
      'OUTCOME',
      'STATUS',
      'TOOK',
      'WHAT',
      'SESSION',
      'ENTRY',
    ]);
    expect(line?.split(/\s{2,}/)).toEqual([
      '2026-11-21 10:00:01.234Z',
      'alice',
      'READ',
      'success',
      '200',
      '12.3 ms',
      'GET /orders/:id',
      'c2Vzc2lv',
      '41',
    ]);
  });

  it('names a span that has no action of its own, and an actor whose name is erased', () => {
    expect(renderRecords([innerSpan()])).toContain('internal middleware - query');
    const { user: _erased, ...erased } = serverCall();
    expect(renderRecords([erased])).toContain('user Qm9iIHRo');
  });

  it('keeps lines below one another when they come one by one', () => {
    const titled = renderRecords([serverCall()]);
    const next = renderRecords([innerSpan()], { untitled: true });
    expect(next.split('\n')).toHaveLength(2);
    expect(next.indexOf('alice')).toBe(titled.split('\n')[1]?.indexOf('alice'));
  });
});

describe('renderSessions', () => {
  it('prints one line a session', () => {
    const [, line] = renderSessions([sessionDetail()]).split('\n');
    expect(line?.split(/\s{2,}/)).toEqual([
      'c2Vzc2lvbi1yZWY',
      'alice (Alice Adams)',
      'shop-web',
      'logged_out',
      '2026-11-21 10:00:00.000Z',
      '3 min 5 s',
      '4',
      '0',
      'shop',
    ]);
  });

  it('says so where the person is erased', () => {
    const { user_id: _id, user_name: _name, ...erased } = sessionDetail();
    expect(renderSessions([erased])).toContain('(withheld or erased)');
  });
});

describe('renderTimeline', () => {
  it('shows login, calls with method, route, status, duration and scopes, and logout, in this order', () => {
    const text = renderTimeline(sessionDetail());
    const login = text.indexOf('oidc.session.started');
    const call = text.search(
      /READ\s+GET\s+\/orders\/:id\s+success\s+200\s+12\.3 ms\s+openid orders:read\s+shop/,
    );
    const logout = text.indexOf('oidc.session.ended (logout)');
    expect([login, call, logout].every((at) => at > 0)).toBe(true);
    expect(login < call && call < logout).toBe(true);
    expect(text).toContain('alice (Alice Adams)');
    expect(text).toContain('after 3 min 5 s');
  });

  it('counts the spans within a call, and shows them when asked', () => {
    const text = renderTimeline(sessionDetail());
    expect(text).not.toContain('middleware');
    expect(text).toContain('1 more records');
    const all = renderTimeline(sessionDetail(), { all: true });
    expect(all).toContain('internal middleware - query');
    expect(all).not.toContain('more records');
  });

  it('says when there is more of it', () => {
    expect(renderTimeline(sessionDetail({ next: 'cursor' }))).toContain('The session goes on');
  });
});

describe('JSON', () => {
  it('parses to the same value and does nothing to a terminal', () => {
    const value = { text: 'a\u009b2Jb\u202Ec\u2028d', list: [1, null] };
    for (const text of [renderJsonLine(value), renderJson(value)]) {
      expect(JSON.parse(text)).toEqual(value);
      expect(text).not.toMatch(/[\u007f-\u009f\u2028-\u202e]/);
      expect(text.endsWith('\n')).toBe(true);
    }
    expect(renderJsonLine(value).trimEnd()).not.toContain('\n');
  });
});
