import { knownFields } from '@spanledger/record';
import { describe, expect, it } from 'vitest';
import type { Capabilities } from '../../../../packages/exporter/src/elasticsearch/capabilities.ts';
import { findDifferences } from '../../../../packages/exporter/src/elasticsearch/setup/difference.ts';
import { desiredState } from '../../../../packages/exporter/src/elasticsearch/setup/resources.ts';

const EVERYTHING: Capabilities = {
  version: '9.4.3',
  ilm: true,
  dataStreams: true,
  dataStreamLifecycle: true,
  security: true,
  fieldTypes: new Set(['wildcard']),
};
const NOTHING: Capabilities = {
  version: '9.4.3',
  ilm: false,
  dataStreams: false,
  dataStreamLifecycle: false,
  security: false,
  fieldTypes: new Set(),
};

const bodyOf = (state: ReturnType<typeof desiredState>, name: string) =>
  state.resources.find((resource) => resource.name === name)?.body;

describe('what a namespace needs', () => {
  it('a policy that rolls over and deletes, where it is asked for and the server has policies', () => {
    const state = desiredState({ namespace: 'shop', retention: '365d', ilm: true }, EVERYTHING);
    expect(state.fallbacks).toEqual([]);
    expect(state.resources[0]).toMatchObject({
      kind: 'lifecycle_policy',
      name: 'spanledger-shop',
      body: { policy: { phases: { hot: { actions: { rollover: {} } }, delete: { min_age: '365d' } } } },
    });
    expect(bodyOf(state, 'spanledger-shop@lifecycle')).toMatchObject({
      template: { settings: { index: { lifecycle: { name: 'spanledger-shop' } } } },
    });
    expect(state.targets.filter(({ lifecycle }) => lifecycle !== undefined)).toEqual([]);
  });

  it('the data stream’s own lifecycle otherwise, without an end unless one is given', () => {
    const state = desiredState({ namespace: 'shop' }, EVERYTHING);
    expect(state.resources.map(({ kind }) => kind)).not.toContain('lifecycle_policy');
    expect(bodyOf(state, 'spanledger-shop@lifecycle')).toMatchObject({
      template: { lifecycle: { enabled: true } },
    });
    expect(state.targets.map(({ lifecycle }) => lifecycle)).toEqual([
      { enabled: true },
      { enabled: true },
      undefined,
    ]);
  });

  it('says everything that a server lacks', () => {
    const { fallbacks, resources } = desiredState({ namespace: 'shop', ilm: true }, NOTHING);
    expect(fallbacks).toHaveLength(5);
    expect(resources.map(({ kind }) => kind)).not.toContain('lifecycle_policy');
  });

  it('fields that are found by parts, where the server has a type for them', () => {
    const pathType = (capabilities: Capabilities) =>
      findDifferences(
        {},
        bodyOf(desiredState({ namespace: 'a' }, capabilities), 'spanledger.audit-a@records') ?? {},
      ).find(({ path }) => path === 'template.mappings.properties.url.properties.path.type')?.after;
    expect(pathType(EVERYTHING)).toBe('wildcard');
    expect(pathType(NOTHING)).toBe('keyword');
  });

  it('a type for every field that has a place of its own', () => {
    const types = new Set(
      findDifferences(
        {},
        bodyOf(desiredState({ namespace: 'a' }, NOTHING), 'spanledger.audit-a@records') ?? {},
      ).map(({ path }) => path),
    );
    for (const { path } of knownFields())
      expect(types).toContain(`template.mappings.properties.${path.split('.').join('.properties.')}.type`);
  });
});

describe('what differs', () => {
  it('is told leaf by leaf; text and numbers that read the same do not', () => {
    expect(
      findDifferences({ a: { b: '1', c: true, e: [1] } }, { a: { b: 1, c: 'true', d: {}, e: [1, 2] } }),
    ).toEqual([{ path: 'a.e', before: '[1]', after: '[1,2]' }]);
  });

  it('is what is beyond the wish, too, unless only the wish matters', () => {
    expect(findDifferences({ a: 1, b: 2 }, { a: 1 })).toEqual([{ path: 'b', before: '2' }]);
    expect(findDifferences({ a: 1, b: 2 }, { a: 1 }, true)).toEqual([]);
    expect(findDifferences({}, { a: 1 }, true)).toEqual([{ path: 'a', after: '1' }]);
  });
});
