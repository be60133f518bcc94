import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type { IContainer } from 'kubernetes-models/v1/Container';
import type { IPodSpec } from 'kubernetes-models/v1/PodSpec';
import { beforeAll, describe, expect, test } from 'vitest';
import { parse, parseAllDocuments } from 'yaml';

const run = promisify(execFile);

const FOLDER = fileURLToPath(new URL('../../../deploy/kubernetes/', import.meta.url));
/** Within reach of the types of Kubernetes. */
const SCRATCH = fileURLToPath(new URL('../../node_modules/.cache/', import.meta.url));
const TSC = fileURLToPath(new URL('../../../node_modules/typescript/bin/tsc', import.meta.url));
/** Whose root file system is written to, as its manifest says why. */
const WRITABLE = new Set(['keycloak']);

/** What of a manifest these tests look at. */
interface Manifest {
  apiVersion: string;
  kind: string;
  metadata: { name: string; namespace?: string };
  spec?: { template?: { spec: IPodSpec } };
}

let manifests: Manifest[];

beforeAll(async () => {
  const texts = await Promise.all(
    (await manifestFiles()).map((name) => readFile(join(FOLDER, name), 'utf8')),
  );
  manifests = texts.flatMap((text) => parseAllDocuments(text).map((document): Manifest => document.toJS()));
});

test('the kustomization has every file', async () => {
  const { resources }: { resources: string[] } = parse(
    await readFile(join(FOLDER, 'kustomization.yaml'), 'utf8'),
  );
  expect(new Set(resources)).toEqual(new Set(await manifestFiles()));
});

describe('the types of the Kubernetes API', () => {
  test('have every field of the manifests, and these what must be there', async () => {
    expect(await complaints(manifests)).toBe('');
  });

  test.each<[string, (manifest: Record<string, unknown>) => void]>([
    ['a field that is not theirs', (spec) => (spec['replica'] = 1)],
    ['a field of another kind', (spec) => (spec['replicas'] = 'one')],
    ['a field that is missing', (spec) => delete spec['selector']],
  ])('tell %s', async (_what, spoil) => {
    const [exporter] = structuredClone(manifests.filter(({ kind }) => kind === 'StatefulSet'));
    spoil(Object(exporter?.spec));
    expect(await complaints(exporter === undefined ? [] : [exporter])).toContain('error TS');
  });
});

test('each container may do no more than it has to', () => {
  for (const { name, pod, container } of containers()) {
    expect(pod.automountServiceAccountToken, name).toBe(false);
    expect(pod.securityContext, name).toMatchObject({
      runAsNonRoot: true,
      seccompProfile: { type: 'RuntimeDefault' },
    });
    expect(container.securityContext, name).toEqual({
      allowPrivilegeEscalation: false,
      readOnlyRootFilesystem: !WRITABLE.has(name),
      capabilities: { drop: ['ALL'] },
    });
    expect(container.resources?.limits, name).toHaveProperty('memory');
    expect(container.image, name).toMatch(/:\d+\.\d+\.\d+$/);
    for (const { name: variable, value } of container.env ?? [])
      expect(/PASSWORD|TOKEN$|KEY$/.test(variable) && value !== undefined, variable).toBe(false);
  }
});

test('each service is asked whether it lives and is ready, and keeps what it must not lose', () => {
  const lasting = containers().filter(({ isInit }) => !isInit);
  for (const { name, container } of lasting) {
    for (const probe of ['startupProbe', 'livenessProbe', 'readinessProbe'] as const)
      expect(container[probe], `${name} ${probe}`).toBeDefined();
  }
  const claims = manifests.filter((manifest) => JSON.stringify(manifest).includes('volumeClaimTemplates'));
  expect(new Set(claims.map(({ metadata }) => metadata.name))).toEqual(
    new Set(['exporter', 'collector', 'elasticsearch', 'keycloak']),
  );
});

async function manifestFiles(): Promise<string[]> {
  return (await readdir(FOLDER)).filter((name) => name !== 'kustomization.yaml');
}

interface Placed {
  name: string;
  pod: IPodSpec;
  container: IContainer;
  isInit: boolean;
}

function containers(): Placed[] {
  return manifests.flatMap(({ metadata: { name }, spec }) => {
    const pod = spec?.template?.spec;
    if (pod === undefined) return [];
    const init = (pod.initContainers ?? []).map((container) => ({ name, pod, container, isInit: true }));
    return [...init, ...pod.containers.map((container) => ({ name, pod, container, isInit: false }))];
  });
}

/** What the compiler says of manifests as values of their types, which allow no field that is not theirs. */
async function complaints(all: readonly Manifest[]): Promise<string> {
  await mkdir(SCRATCH, { recursive: true });
  const directory = await mkdtemp(join(SCRATCH, 'kubernetes-'));
  try {
    const lines = all.map((manifest, i) => {
      const { apiVersion, kind } = manifest;
      const type = `import('kubernetes-models/${apiVersion}/${kind}').I${kind}`;
      return `export const manifest${i}: ${type} = ${JSON.stringify(manifest)};\n`;
    });
    const file = join(directory, 'manifests.ts');
    await writeFile(file, lines.join(''));
    const options = ['--noEmit', '--strict', '--skipLibCheck', '--module', 'nodenext', '--target', 'es2024'];
    await run(process.execPath, [TSC, ...options, '--ignoreConfig', '--types', '', file]);
    return '';
  } catch (error) {
    return error instanceof Error && 'stdout' in error ? String(error.stdout) : String(error);
  } finally {
    await rm(directory, { recursive: true, force: true });
  }
}
