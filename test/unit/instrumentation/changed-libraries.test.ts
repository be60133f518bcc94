import { afterEach, expect, test, vi } from 'vitest';
import { AuditProcessor } from '../../../packages/instrumentation/src/audit/audit-processor.ts';
import type { SpanSink } from '../../../packages/instrumentation/src/audit/span-sink.ts';
import { PendingAuthorizations } from '../../../packages/instrumentation/src/events/pending-authorizations.ts';
import type { EventContext } from '../../../packages/instrumentation/src/events/event-context.ts';
import { LIBRARY_VERSIONS } from '../../../packages/instrumentation/src/libraries/library-versions.ts';
import type { Library } from '../../../packages/instrumentation/src/libraries/library.ts';
import { RequiredFile } from '../../../packages/instrumentation/src/libraries/loaded-file.ts';
import { Lifecycle } from '../../../packages/instrumentation/src/session/lifecycle.ts';
import { SessionRegistry } from '../../../packages/instrumentation/src/session/session-registry.ts';

const sink: SpanSink = { emit: () => undefined, provisional: () => 0, flush: () => undefined };
const context: EventContext = {
  lifecycle: new Lifecycle(new AuditProcessor(sink, () => 0), sink, () => 0),
  sessions: new SessionRegistry({ claims: [], identity: 'full', identityKey: undefined }),
  pending: new PendingAuthorizations(),
  now: () => 0,
};
const files = LIBRARY_VERSIONS.flatMap(({ name, rows }) =>
  rows.flatMap(({ majors, files: hooked }) =>
    hooked.map(({ path }) => ({ name, path, version: `${majors[0]}.999.0` })),
  ),
);

/** As in a process of its own: nobody has been warned yet. */
async function freshLibraries(): Promise<Library[]> {
  vi.resetModules();
  const { createLibraries } = await import('../../../packages/instrumentation/src/libraries/libraries.ts');
  return createLibraries(context);
}

let warnings: string[] = [];
const listen = ({ message }: Error): number => warnings.push(message);

afterEach(() => {
  process.off('warning', listen);
});

test('every library has its table, and every table its library', async () => {
  const names = (await freshLibraries()).map(({ versions }) => versions.name);
  expect(names.toSorted(compare)).toEqual(LIBRARY_VERSIONS.map(({ name }) => name).toSorted(compare));
});

test.each(files)('$name $version without what $path has defined: told once, nothing thrown', async (file) => {
  const library = (await freshLibraries()).find(({ versions }) => versions.name === file.name);
  warnings = [];
  process.on('warning', listen);
  for (const exports of [{}, undefined, null, 5, Object.create(null), Object.freeze({ default: 1 })]) {
    const module: { exports: unknown } = { exports };
    library?.patch(new RequiredFile({ library: file.name, version: file.version, path: file.path }, module));
    expect(module.exports).toBe(exports);
  }
  await new Promise(setImmediate);
  expect(warnings.length).toBeGreaterThan(0);
  expect(new Set(warnings).size).toBe(warnings.length);
  for (const warning of warnings) {
    expect(warning).toContain(` in ${file.path} of ${file.name} ${file.version}. `);
    expect(warning).toMatch(/^Spanledger does not find \S+ in /);
  }
});

function compare(a: string, b: string): number {
  return a.localeCompare(b);
}
