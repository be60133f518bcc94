import { expect } from 'vitest';
import type { Exchange } from './exchange.ts';
import { IdentityProvider } from './identity-provider.ts';
import { startLibraryApp, type LibraryAppOptions, type LibraryWorld } from './library-world.ts';

/** What libraries draw at random, and where it shows. */
const RANDOM: readonly [RegExp, string][] = [
  [/\b(state|nonce|code|code_challenge|session_state)=[^&"\s]*/g, '$1=<random>'],
  [/\beyJ[\w-]*\.[\w-]*\.[\w-]*/g, '<token>'],
];

/** Our warnings are the one thing that an app may print with us and not without. */
const WARNING =
  /^\(node:\d+\) \[(SPANLEDGER_\w+)\] SpanledgerWarning: .*\n(?:\(Use `node --trace-warnings .*\n)?/gm;

/** What is left out of the comparison besides what every run draws anew. */
export interface Comparison extends LibraryAppOptions {
  /** The codes of the warnings that we print, if the day is a bad one. */
  warns?: readonly string[];
  /** False where nothing can arrive at the audit receiver. */
  audited?: boolean;
  /** Further random values in headers and bodies; each match becomes `<random>`. */
  random?: readonly RegExp[];
}

/**
 * Drives an app twice, with us and without, and expects the same answers: status, headers in their order, and body,
 * byte for byte, and that the app lives and has printed the same. Ports, tokens, the values of cookies and what
 * `random` names are replaced by names for them; the date is left out.
 *
 * @param drive sends requests; it must do the same both times
 */
export async function compareWithout(
  app: string,
  script: string,
  drive: (world: LibraryWorld) => Promise<void>,
  options: Comparison = {},
): Promise<void> {
  const { random = [], warns = [], audited = options.telemetry !== false, ...others } = options;
  await using provider = await new IdentityProvider(
    options.keycloak === true ? 'keycloak' : 'plain',
  ).listen();
  const run = async (register: boolean): Promise<object> => {
    await using world = await startLibraryApp(app, script, { ...others, provider, register });
    await drive(world);
    expect(world.exchanges.length, 'the driver asked the app for something').toBeGreaterThan(0);
    // Something of ours is in it, or the comparison proves nothing.
    if (register && audited) await world.spans();
    if (!register) expect(world.audit.seen).toEqual([]);
    if (register) await Promise.all(warns.map((code) => world.app.errorLine(new RegExp(`\\[${code}\\] `))));
    const { stdout, stderr } = world.app;
    const warned = [...stderr.matchAll(WARNING)].map(([, code]) => code);
    expect(new Set(warned), stderr).toEqual(new Set(register ? warns : []));
    const normalize = normalizer(world, random);
    return {
      answers: world.exchanges.map((answer) => describe(answer, normalize)),
      exitCode: world.app.child.exitCode,
      stdout: normalize(stdout),
      stderr: normalize(stderr.replace(WARNING, '')),
    };
  };
  const without = await run(false);
  expect(await run(true)).toEqual(without);
}

type Normalize = (text: string) => string;

function normalizer({ provider, url, app }: LibraryWorld, random: readonly RegExp[]): Normalize {
  const port = new URL(url).port;
  const names: [string, string][] = [
    ...[...provider.secrets].map((secret): [string, string] => [secret, '<secret>']),
    [provider.origin, '<provider>'],
    [url, '<app>'],
    [encodeURIComponent(provider.origin), '<provider>'],
    [encodeURIComponent(url), '<app>'],
    [`127.0.0.1:${port}`, '<app>'],
    [`listening ${port}`, 'listening <port>'],
    [`(node:${app.child.pid})`, '(node)'],
  ];
  return (text) => {
    const named = names.reduce((result, [value, name]) => result.replaceAll(value, name), text);
    const drawn = RANDOM.reduce((result, [pattern, name]) => result.replace(pattern, name), named);
    return random.reduce((result, pattern) => result.replace(pattern, '<random>'), drawn);
  };
}

function describe(answer: Exchange, normalize: Normalize): object {
  const text = answer.body.toString('latin1');
  const body = normalize(text);
  return {
    asked: `${answer.method} ${normalize(answer.url.pathname + answer.url.search)}`,
    status: answer.status,
    headers: answer.headers.flatMap(([name, value]) => describeHeader(name, value)),
    body,
  };

  /** Of a body that is not the same both times, neither are its length and its hash. */
  function describeHeader(name: string, value: string): string[] {
    const lower = name.toLowerCase();
    if (lower === 'date') return [];
    if ((lower === 'etag' || lower === 'content-length') && body !== text) return [`${name}: <of the body>`];
    if (lower !== 'set-cookie') return [`${name}: ${normalize(value)}`];
    const [pair = '', ...attributes] = value.split(';');
    const kept = attributes.map((attribute) => attribute.replace(/(expires=).+/i, '$1<time>'));
    return [`${name}: ${pair.replace(/=.*/s, '=<value>')};${kept.join(';')}`];
  }
}
