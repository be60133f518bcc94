import { randomBytes } from 'node:crypto';
import { describe, expect, it, onTestFinished } from 'vitest';
import { runHere } from '../../support/cli/context.ts';
import { elasticsearchCalls } from './calls.ts';
import { sharedElasticsearch } from './shared.ts';

interface Report {
  applied: boolean;
  changes: { kind: string; name: string; action: string; differences: { path: string }[] }[];
  fallbacks: string[];
  unchanged: number;
}

/** A namespace of this test's own, and how to set it up. */
async function newNamespace() {
  const url = await sharedElasticsearch();
  const call = elasticsearchCalls(url);
  const namespace = `setup_${randomBytes(6).toString('hex')}`;
  onTestFinished(async () => {
    await call('DELETE', `/_data_stream/logs-spanledger.*-${namespace}`);
    await call('DELETE', `/spanledger.sessions-${namespace}`);
    for (const name of ['audit', 'alerts', 'sessions'])
      await call('DELETE', `/_index_template/spanledger.${name}-${namespace}`);
    await call('DELETE', `/_component_template/spanledger*-${namespace}*`);
  });
  const run = (...args: string[]) =>
    runHere(['setup', 'elasticsearch', '--url', url, '--namespace', namespace, ...args]);
  const setUp = async (...args: string[]): Promise<Report> => {
    const { status, stdout, stderr } = await run('--json', ...args);
    expect(stderr).toBe('');
    expect(status).toBe(0);
    const report: Report = JSON.parse(stdout);
    return report;
  };
  return { url, call, namespace, run, setUp, audit: `logs-spanledger.audit-${namespace}` };
}

describe('spanledger setup elasticsearch', () => {
  it('shows what it would do and changes nothing with --dry-run', async () => {
    const { call, setUp, run, audit } = await newNamespace();
    const report = await setUp('--dry-run');
    expect(report.applied).toBe(false);
    expect(report.unchanged).toBe(0);
    expect(new Set(report.changes.map(({ action }) => action))).toEqual(new Set(['create']));
    expect((await call('GET', `/${audit}/_mapping`)).status).toBe(404);
    expect((await call('GET', `/_index_template/${audit.slice('logs-'.length)}`)).status).toBe(404);
    expect((await run('--dry-run')).stdout).toMatch(/\+ create +data stream +logs-spanledger\.audit-/);
  });

  it('makes everything, and finds nothing to do the second time', async () => {
    const { call, setUp, run, audit, namespace } = await newNamespace();
    const first = await setUp('--retention', '365d');
    expect(first.applied).toBe(true);
    const names = first.changes.map(({ name }) => name);
    for (const name of [audit, `logs-spanledger.alerts-${namespace}`, `spanledger.sessions-${namespace}`])
      expect(names).toContain(name);
    expect((await call('GET', `/_data_stream/${audit}`)).body).toMatchObject({
      data_streams: [
        { template: audit.slice('logs-'.length), lifecycle: { enabled: true, data_retention: '365d' } },
      ],
    });
    const second = await setUp('--retention', '365d');
    expect(second).toMatchObject({ applied: false, changes: [], unchanged: first.changes.length + 2 });
    expect((await run('--retention', '365d')).stdout).toContain('Nothing to do');
  });

  it('says what the server lacks and what it does instead', async () => {
    const { setUp } = await newNamespace();
    const { fallbacks } = await setUp('--ilm', '--dry-run');
    expect(fallbacks.join('\n')).toMatch(/no lifecycle policies \(ILM\)/);
    expect(fallbacks.join('\n')).toMatch(/no fields of the type wildcard/);
    expect(fallbacks.join('\n')).toMatch(/Security is off/);
  });

  it('shows a changed retention as a difference, and applies it to the stream that is there', async () => {
    const { call, setUp, run, audit } = await newNamespace();
    await setUp('--retention', '365d');
    const shown = await run('--retention', '30d', '--dry-run');
    expect(shown.stdout).toMatch(/- .*data_retention: 365d\n +\+ .*data_retention: 30d/);
    await setUp('--retention', '30d');
    expect((await call('GET', `/_data_stream/${audit}/_lifecycle`)).body).toMatchObject({
      data_streams: [{ lifecycle: { data_retention: '30d' } }],
    });
  });

  it('shows a changed mapping as a difference, and gives a stream whose fields are otherwise a new index', async () => {
    const { call, setUp, audit, namespace } = await newNamespace();
    await setUp();
    // As an older version of ours would have left it.
    const component = `spanledger.audit-${namespace}@records`;
    const properties = { user_agent: { properties: { original: { type: 'text' } } } };
    const older = { mappings: { dynamic: false, properties } };
    expect((await call('PUT', `/_component_template/${component}`, { template: older })).status).toBe(200);
    await call('POST', `/${audit}/_rollover`);

    const report = await setUp();
    const changed = report.changes.find(({ name }) => name === component);
    expect(changed?.action).toBe('update');
    expect(changed?.differences.map(({ path }) => path)).toContain(
      'template.mappings.properties.user_agent.properties.original.type',
    );
    expect(report.changes.find(({ name }) => name === audit)?.action).toBe('roll_over');
    expect((await setUp()).changes).toEqual([]);
    expect((await call('GET', `/_data_stream/${audit}`)).body).toMatchObject({
      data_streams: [{ generation: 3 }],
    });
  });

  it('is asked before it changes something where there is a terminal', async () => {
    const { url, namespace, call, audit } = await newNamespace();
    const args = ['setup', 'elasticsearch', '--url', url, '--namespace', namespace];
    const questions: string[] = [];
    const answering = (answer: string) => ({
      ask: (question: string) => {
        questions.push(question);
        return Promise.resolve(answer);
      },
    });
    expect((await runHere(args, answering('n'))).status).toBe(0);
    expect((await call('GET', `/${audit}/_mapping`)).status).toBe(404);
    expect((await runHere([...args, '--yes'], answering('n'))).stdout).toContain('Done.');
    expect(questions).toEqual(['Do it? [y/N] ']);
    expect((await call('GET', `/${audit}/_mapping`)).status).toBe(200);
  });

  it('keeps the document as it was sent, whatever is in it', async () => {
    const { call, setUp, audit } = await newNamespace();
    await setUp();
    const document = {
      '@timestamp': '2026-01-01T00:00:00.123456789Z',
      audit: { commitments: { content: 'x' }, openings: { content: { salt: 'y' } } },
      attributes: { a: 1, 'a.b': [2, { c: 3 }], deep: { e: 'f' }, long: 'z'.repeat(20_000) },
      event: { duration: '99999999999999999999' },
      client: { address: 'not an address', port: 'none' },
      user: { unheard: { of: 1 } },
      span: { events: [{ name: 'exception', attributes: { 'exception.type': 'E' } }] },
    };
    const created = await call('PUT', `/${audit}/_create/1?refresh=true`, document);
    expect(created.status).toBe(201);
    const found = await call('POST', `/${audit}/_search`, { query: { match: { words: 'address' } } });
    expect(found.body).toMatchObject({ hits: { hits: [{ _source: document }] } });
    expect(JSON.stringify(found.body)).toContain(JSON.stringify(document));
  });

  it('says what to do where nothing answers, or something else does', async () => {
    const nobody = await runHere(['setup', 'elasticsearch', '--url', 'http://127.0.0.1:9', '--json']);
    expect(nobody.status).toBe(3);
    expect(JSON.parse(nobody.stderr)).toMatchObject({ error: { code: 'elasticsearch_unreachable' } });
    const missing = await runHere(['setup', 'elasticsearch', '--json']);
    expect(missing.status).toBe(2);
    expect(missing.stderr).toContain('--url');
  });
});
