import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import {
  AuditProcessor,
  MAX_HELD_PER_SLOT,
  PROVISIONAL_AFTER_MS,
} from '../../../packages/instrumentation/src/audit/audit-processor.ts';
import { SpoolSink, WRITE_INTERVAL_MS } from '../../../packages/instrumentation/src/audit/spool-sink.ts';
import type { NumberedSpan } from '../../../packages/instrumentation/src/otlp/encoder.ts';
import type { RecordedSpan } from '../../../packages/instrumentation/src/otlp/recorded-span.ts';
import { SessionRegistry } from '../../../packages/instrumentation/src/session/session-registry.ts';
import {
  slotInContext,
  type Binding,
  type SessionSlot,
  type SlottedSpan,
} from '../../../packages/instrumentation/src/session/slot.ts';
import { makeSpan } from '../../support/instrumentation/spans.ts';

const SPAN_KEY = Symbol.for('OpenTelemetry Context Key SPAN');

interface Frame {
  kind: string;
  numbers: readonly number[];
  spans: { name: string; number: number; attributes: Record<string, unknown> }[];
}

let frames: Frame[] = [];
let processor: AuditProcessor;

beforeEach(() => {
  vi.useFakeTimers();
  frames = [];
  let encoded: readonly NumberedSpan[] = [];
  const sink = new SpoolSink({
    streamId: 'f'.repeat(32),
    encoder: {
      encode: (spans) => {
        if (spans.some(({ span }) => span.name === 'poison')) throw new Error('cannot be read');
        encoded = spans;
        return Buffer.alloc(1);
      },
    },
    writer: {
      append: (kind, numbers) => {
        frames.push({
          kind,
          numbers,
          spans: encoded.map(({ span, number }) => ({
            name: span.name,
            number,
            attributes: { ...span.attributes },
          })),
        });
        return 'written';
      },
      noteLosses: () => undefined,
    },
    onWritten: () => undefined,
    now: () => Date.now(),
  });
  processor = new AuditProcessor(sink, () => Date.now());
});
afterEach(() => {
  vi.useRealTimers();
});

function contextOf(span: RecordedSpan | undefined): object {
  return { getValue: (key: symbol) => (key === SPAN_KEY ? span : undefined) };
}

function start(name: string, parent?: RecordedSpan, overrides: Partial<RecordedSpan> = {}): SlottedSpan {
  const span: SlottedSpan = makeSpan({ name, attributes: {}, ...overrides });
  processor.onStart(span, contextOf(parent));
  return span;
}

function slotOf(span: RecordedSpan): SessionSlot {
  const slot = slotInContext(span);
  if (slot === undefined) throw new Error('no slot');
  return slot;
}

function binding(sid: string): Binding {
  const session = new SessionRegistry({ claims: [], identity: 'full', identityKey: undefined }).resolve(
    { iss: 'i', sub: `user of ${sid}`, sid, acr: 'high' },
    undefined,
  );
  if (session === undefined) throw new Error('no session');
  return { session, token: { type: 'access', id: 'token', issuedAt: 1, expiresAt: 2 } };
}

function written(kind = 'final'): Frame['spans'] {
  return frames.filter((frame) => frame.kind === kind).flatMap(({ spans }) => spans);
}

describe('binding', () => {
  test('covers what ended before, what ends later, and the root', () => {
    const root = start('root');
    const early = start('early', root);
    processor.onEnd(early);
    const grandchild = start('grandchild', early);
    expect(processor.bind(slotOf(grandchild), binding('s1'))).toBe(true);
    processor.onEnd(grandchild);
    processor.onEnd(root);
    const late = start('late', root);
    processor.onEnd(late);
    vi.advanceTimersByTime(20);
    expect(written().map(({ name }) => name)).toEqual(['early', 'grandchild', 'root', 'late']);
    for (const { attributes } of written()) {
      expect(attributes).toMatchObject({ 'session.id': 's1', 'user.id': 'user of s1', 'oidc.issuer': 'i' });
    }
    expect(written()[2]?.attributes).toMatchObject({ 'oidc.acr': 'high', 'oidc.token.id': 'token' });
    expect(written()[0]?.attributes).not.toHaveProperty('oidc.acr');
    // The application's own processors see it too.
    expect(root.attributes).toMatchObject({ 'session.id': 's1' });
  });

  test('happens once', () => {
    const root = start('root');
    expect(processor.bind(slotOf(root), binding('s1'))).toBe(true);
    expect(processor.bind(slotOf(root), binding('s2'))).toBe(false);
    processor.onEnd(root);
    expect(root.attributes).toMatchObject({ 'session.id': 's1' });
  });

  test('of one request says nothing about another, not even one called from it', () => {
    const root = start('root');
    const remote = start('remote', makeSpan());
    processor.bind(slotOf(root), binding('s1'));
    processor.onEnd(remote);
    expect(remote.attributes).not.toHaveProperty('session.id');
  });

  test('after the root has ended still binds what is to come', () => {
    const root = start('root');
    const child = start('child', root);
    processor.onEnd(root);
    processor.bind(slotOf(child), binding('s1'));
    processor.onEnd(child);
    expect(root.attributes).not.toHaveProperty('session.id');
    expect(child.attributes).toMatchObject({ 'session.id': 's1' });
  });
});

describe('spans that wait for a session', () => {
  test('are written provisionally in time, and again when it is known', () => {
    const root = start('root');
    const early = start('early', root);
    processor.onEnd(early);
    vi.advanceTimersByTime(PROVISIONAL_AFTER_MS + 1);
    expect(written('provisional')).toMatchObject([{ name: 'early', number: 1 }]);
    processor.onEnd(start('second', root));
    vi.advanceTimersByTime(40);
    expect(written('provisional')).toMatchObject([{ number: 1 }, { name: 'second', number: 2 }]);
    processor.bind(slotOf(root), binding('s1'));
    processor.onEnd(root);
    vi.advanceTimersByTime(20);
    expect(written().map(({ name, number }) => [name, number])).toEqual([
      ['early', 1],
      ['second', 2],
      ['root', 3],
    ]);
    expect(frames.at(-1)?.numbers).toEqual([1, 2]);
  });

  test('that ended within less than 50 ms of another are never late', () => {
    const root = start('root');
    const ended = new Map<string, number>();
    for (let at = 0; at < 200; at += 3) {
      const name = `s${at}`;
      processor.onEnd(start(name, root));
      ended.set(name, Date.now());
      vi.advanceTimersByTime(3);
      for (const [each, endedAt] of ended) {
        if (written('provisional').some((span) => span.name === each)) ended.delete(each);
        else expect(Date.now() - endedAt).toBeLessThan(45);
      }
    }
  });

  test('are let go without one when the root ends, oldest first when there are too many', () => {
    const root = start('root');
    for (let index = 0; index < MAX_HELD_PER_SLOT + 2; index++)
      processor.onEnd(start(`child-${index}`, root));
    vi.advanceTimersByTime(12);
    expect(written().map(({ name }) => name)).toEqual(['child-0', 'child-1']);
    processor.onEnd(root);
    vi.advanceTimersByTime(WRITE_INTERVAL_MS);
    expect(written()).toHaveLength(MAX_HELD_PER_SLOT + 3);
    expect(new Set(written().map(({ number }) => number)).size).toBe(MAX_HELD_PER_SLOT + 3);
  });

  test('beyond the bound are told once, with the bound, if there was a session to lose', () => {
    const emitWarning = vi.spyOn(process, 'emitWarning').mockReturnValue();
    const overflow = (): SlottedSpan => {
      const root = start('root');
      for (let index = 0; index <= MAX_HELD_PER_SLOT; index++) processor.onEnd(start(`child-${index}`, root));
      return root;
    };
    processor.onEnd(overflow());
    expect(emitWarning).not.toHaveBeenCalled();
    for (const sid of ['s1', 's2']) processor.bind(slotOf(overflow()), binding(sid));
    expect(emitWarning.mock.calls).toEqual([
      [
        expect.stringMatching(/without their session.*\(256 in one request\)/),
        { type: 'SpanledgerWarning', code: 'SPANLEDGER_HELD_FULL' },
      ],
    ]);
    emitWarning.mockRestore();
  });

  test('are let go when the process ends', () => {
    const root = start('root');
    processor.onEnd(start('child', root));
    processor.releaseAll();
    expect(written().map(({ name }) => name)).toEqual(['child']);
  });
});

test('shutdown writes what waits, and goes on', async () => {
  const root = start('root');
  processor.onEnd(root);
  await processor.shutdown();
  expect(written()).toHaveLength(1);
  processor.onEnd(start('after'));
  await processor.forceFlush();
  expect(written()).toHaveLength(2);
});

test('a span that cannot be encoded costs only itself', async () => {
  for (const name of ['good', 'poison', 'better']) processor.onEnd(start(name));
  await processor.forceFlush();
  expect(written().map(({ name }) => name)).toEqual(['good', 'better']);
});

test.each([
  [{ 'client.address': '1.1.1.1', 'user_agent.original': 'ua' }],
  [{ 'http.client_ip': '1.1.1.1', 'net.peer.ip': '9.9.9.9', 'http.user_agent': 'ua' }],
  [{ 'net.peer.ip': '1.1.1.1', 'user_agent.original': 'ua' }],
  [{ 'network.peer.address': '1.1.1.1', 'http.user_agent': 'ua' }],
])('the caller is named as semantic conventions have it now: %j', (attributes) => {
  const server = start('server', undefined, { kind: 1, attributes: { ...attributes } });
  const client = start('client', undefined, { kind: 2, attributes: { ...attributes } });
  processor.onEnd(server);
  processor.onEnd(client);
  expect(server.attributes).toMatchObject({ 'client.address': '1.1.1.1', 'user_agent.original': 'ua' });
  expect(client.attributes).toEqual(attributes);
});
