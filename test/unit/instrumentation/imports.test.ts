import { existsSync, readFileSync } from 'node:fs';
import { createRequire } from 'node:module';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';

const SOURCE = new URL('../../../packages/instrumentation/src/', import.meta.url);

/** Every module that is imported from `entry` on, and every package among them. */
function reachable(entry: URL): { files: Set<string>; packages: Set<string> } {
  const files = new Set<string>();
  const packages = new Set<string>();
  const visit = (url: URL): void => {
    if (files.has(url.href) || !existsSync(url)) return;
    files.add(url.href);
    for (const [statement, , specifier] of readFileSync(url, 'utf8').matchAll(
      /^(?:import|export)\s([^;]*?)from\s+'([^']+)'|^import\s+'([^']+)'/gm,
    )) {
      if (
        specifier === undefined ||
        statement.startsWith('import type') ||
        statement.startsWith('export type')
      )
        continue;
      if (specifier.startsWith('.')) visit(new URL(specifier, url));
      else packages.add(specifier);
    }
  };
  visit(entry);
  return { files, packages };
}

test('register never imports the OpenTelemetry API, nor anything that might', () => {
  const { files, packages } = reachable(new URL('register.ts', SOURCE));
  expect(files.size).toBeGreaterThan(30);
  expect([...files].filter((file) => file.endsWith('/sender/worker.ts'))).toEqual([]);
  const foreign = [...packages].filter((name) => !name.startsWith('node:')).toSorted();
  expect(foreign).toEqual([
    '@spanledger/record',
    'import-in-the-middle',
    'import-in-the-middle/create-hook.mjs',
  ]);
  for (const name of ['@spanledger/record', 'import-in-the-middle']) {
    const require = createRequire(fileURLToPath(new URL('register.ts', SOURCE)));
    const manifest: { dependencies?: object } = JSON.parse(
      readFileSync(fileURLToPath(new URL(packageFile(require.resolve(name), name))), 'utf8'),
    );
    expect(Object.keys(manifest.dependencies ?? {}).filter((each) => each.includes('opentelemetry'))).toEqual(
      [],
    );
  }
});

test('diagnostics imports nothing of OpenTelemetry either', () => {
  const { files, packages } = reachable(new URL('diagnostics.ts', SOURCE));
  expect(files.size).toBeGreaterThan(5);
  expect([...packages].filter((name) => !name.startsWith('node:'))).toEqual([]);
});

function packageFile(resolved: string, name: string): string {
  const last = name.split('/').at(-1) ?? name;
  const folder = name.startsWith('@spanledger/') ? `/packages/${last}/` : `/node_modules/${name}/`;
  return `file://${resolved.slice(0, resolved.lastIndexOf(folder) + folder.length)}package.json`;
}
