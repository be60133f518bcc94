import { execFile } from 'node:child_process';
import { once } from 'node:events';
import { chmod, mkdir, mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer } from 'node:http';
import { tmpdir } from 'node:os';
import { delimiter, join } from 'node:path';
import { buffer } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { startService, loadConfig, type Service } from '@spanledger/audit-exporter';
import { afterEach, beforeAll, beforeEach, expect, test } from 'vitest';
import { CLI } from '../support/run-cli.ts';
import { exportRequest, sessionAttributes } from '../support/otlp-json.ts';
import { postSpans } from '../support/recorded-log.ts';

const PAGE = fileURLToPath(new URL('../../../docs/anchoring.md', import.meta.url));
const run = promisify(execFile);

let page = '';
let home = '';
let service: Service | undefined;
let sequence = 0;

beforeAll(async () => {
  page = await readFile(PAGE, 'utf8');
});

beforeEach(async () => {
  home = await mkdtemp(join(tmpdir(), 'spanledger-recipe-'));
  await mkdir(join(home, 'bin'));
  await script('bin/spanledger', `#!/bin/sh\nexec ${process.execPath} ${CLI} "$@"\n`);
  await writeFile(join(home, '.gitconfig'), '[user]\n  name = anchor\n  email = anchor@log.example\n');
});

afterEach(async () => {
  await service?.close();
  service = undefined;
  await rm(home, { recursive: true, force: true });
});

function environment(): NodeJS.ProcessEnv {
  return { PATH: `${join(home, 'bin')}${delimiter}${process.env['PATH'] ?? ''}`, HOME: home };
}

/** A recipe as the page has it, with the names of this machine in place of the examples. */
function recipe(name: string, names: Record<string, string> = {}): string {
  const block = new RegExp(`<!-- recipe: ${name} -->\\n\\n\`\`\`sh\\n([^]*?)\`\`\``).exec(page)?.[1];
  if (block === undefined) throw new TypeError(`no recipe ${name}`);
  const all: Record<string, string> = {
    '/var/lib/spanledger-anchors': join(home, 'clone'),
    'anchors@other.example:/srv/': `${join(home, 'srv')}/`,
    '/srv/': `${join(home, 'srv')}/`,
    ...names,
  };
  // In one pass: what stands for an example may look like another one.
  const examples = Object.keys(all).map((example) => example.replace(/[.]/g, '\\$&'));
  return block.replace(new RegExp(examples.join('|'), 'g'), (example) => all[example] ?? example);
}

async function script(name: string, text: string): Promise<string> {
  const path = join(home, name);
  await writeFile(path, text);
  await chmod(path, 0o755);
  return path;
}

async function shell(text: string): Promise<{ stdout: string; status: number }> {
  try {
    const { stdout } = await run('/bin/sh', ['-c', text], { cwd: home, env: environment() });
    return { stdout, status: 0 };
  } catch (error) {
    if (!(error instanceof Error) || !('stdout' in error) || !('code' in error)) throw error;
    return { stdout: String(error.stdout), status: Number(error.code) };
  }
}

/** Records twice with a recipe as the anchor's command, until it has the second checkpoint; then runs it once more by hand. */
async function anchorWith(command: string, has: (size: number) => Promise<boolean>): Promise<void> {
  const file = join(home, 'spanledger.yaml');
  await writeFile(file, `anchors: [{ name: recipe, command: [${command}], after_checkpoints: 1 }]\n`);
  const env = { ...environment(), SPANLEDGER_LOG_LEVEL: 'silent', SPANLEDGER_PUBLISH_INTERVAL_MS: '20' };
  service = await startService(
    loadConfig({ directory: home, file, env, flags: { dataDirectory: join(home, 'data'), port: 0 } }),
  );
  for (const count of [3, 4]) {
    const spans = Array.from({ length: count }, () => ({
      sequence: ++sequence,
      attributes: sessionAttributes('alice', 'alice-session'),
    }));
    await postSpans(service.url, exportRequest('00112233445566778899aabbccddeeff', spans));
    const size = count === 3 ? 3 : 7;
    await expect.poll(() => has(size), { timeout: 30_000, interval: 100 }).toBe(true);
  }
  const checkpoint = await (await fetch(`${service.url}/checkpoint`)).text();
  await service.close();
  service = undefined;
  // As after a crash: the same one again.
  const child = execFile(command, [], {
    env: {
      ...environment(),
      SPANLEDGER_ANCHOR_NAME: nameOf(7),
      SPANLEDGER_ANCHOR_SIZE: '7',
      SPANLEDGER_ANCHOR_ORIGIN: checkpoint.split('\n')[0],
    },
  });
  child.stdin?.end(checkpoint);
  expect(await once(child, 'exit')).toEqual([0, null]);
}

function nameOf(size: number): string {
  return String(size).padStart(20, '0');
}

/** The recipe's verification is good, and is not after the log was cut back. */
async function expectVerified(text: string): Promise<void> {
  const good = await shell(`set -e\n${text}`);
  expect(good.stdout).toContain('Assurance: anchored, the first 7 entries');
  expect(good.status).toBe(0);
  expect(good.stdout).not.toContain('changed');
}

test('git: a repository on another machine', async () => {
  expect((await shell(recipe('git-server'))).status).toBe(0);
  await run('git', ['clone', '--quiet', join(home, 'srv/anchors/shop.git'), join(home, 'clone')], {
    env: environment(),
  });
  const command = await script('bin/git-anchor', recipe('git-anchor'));
  await anchorWith(command, async (size) => {
    const { stdout } = await shell(`git -C srv/anchors/shop.git ls-tree --name-only main`);
    return stdout.includes(nameOf(size));
  });
  await expectVerified(recipe('git-verify'));
  // Who has only the key for pushing takes nothing back.
  const forced = await shell(
    'cd clone && git commit --quiet --amend -m other && git push --force origin HEAD:main',
  );
  expect(forced.status).not.toBe(0);
  // A change of an anchor is seen.
  await shell(
    `cd clone && git reset --quiet --hard origin/main && echo >> ${nameOf(3)} && git commit -qam x && git push -q origin HEAD:main`,
  );
  await rm(join(home, 'anchors'), { recursive: true });
  expect((await shell(recipe('git-verify'))).stdout).toContain('an anchor was changed');
});

test('S3 with Object Lock, by a stand-in for aws', async () => {
  const bucket = join(home, 'bucket');
  await mkdir(bucket);
  await script(
    'bin/aws',
    `#!/bin/sh
set -eu
case "$1 $2" in
  's3api put-object')
    shift 2
    while [ $# -gt 0 ]; do
      case "$1" in
        --bucket) test "$2" = shop-anchors ;;
        --key) key=$2 ;;
        --body) body=$2 ;;
        --if-none-match) test "$2" = '*' ;;
        --object-lock-mode) test "$2" = COMPLIANCE ;;
        --object-lock-retain-until-date) date -d "$2" > /dev/null ;;
        *) exit 252 ;;
      esac
      shift 2
    done
    # 412 Precondition Failed
    ln "$body" "${bucket}/$key" || { cp -n "$body" "${bucket}/$key.tmp"; rm -f "${bucket}/$key.tmp"; exit 254; } ;;
  's3 cp') cat "${bucket}/\${3#s3://shop-anchors/}" ;;
  's3 sync') mkdir -p "$5"; cp "${bucket}"/* "$5" ;;
  *) exit 252 ;;
esac
`,
  );
  const command = await script('bin/s3-anchor', recipe('s3-anchor'));
  await anchorWith(command, async (size) => (await readdir(bucket)).includes(nameOf(size)));
  await expectVerified(recipe('s3-verify'));
});

test('RFC 3161: a time-stamping authority', async () => {
  await mkdir(join(home, 'clone'));
  await writeFile(
    join(home, 'tsa.cnf'),
    `[tsa]
default_tsa = tsa_config
[tsa_config]
serial = ${home}/serial
signer_cert = ${home}/tsa.pem
signer_key = ${home}/tsa.key
signer_digest = sha256
default_policy = 1.2.3.4
digests = sha256
ess_cert_id_alg = sha256
[tsa_extensions]
extendedKeyUsage = critical,timeStamping
`,
  );
  const made = await shell(`
    openssl req -x509 -newkey ed25519 -nodes -keyout ca.key -out tsa-ca.pem -subj /CN=authority -days 2 &&
    openssl req -new -newkey rsa:2048 -nodes -keyout tsa.key -out tsa.csr -subj /CN=stamps &&
    openssl x509 -req -in tsa.csr -CA tsa-ca.pem -CAkey ca.key -CAcreateserial -days 2 \\
      -extfile tsa.cnf -extensions tsa_extensions -out tsa.pem && echo 01 > serial`);
  expect(made.status).toBe(0);
  const authority = createServer((request, response) => {
    void (async () => {
      await writeFile(join(home, 'request.tsq'), await buffer(request));
      const { status } = await shell(
        'openssl ts -reply -config tsa.cnf -section tsa_config -queryfile request.tsq -out reply.tsr',
      );
      response.statusCode = status === 0 ? 200 : 500;
      response.end(status === 0 ? await readFile(join(home, 'reply.tsr')) : '');
    })();
  }).listen(0, '127.0.0.1');
  await once(authority, 'listening');
  try {
    const address = authority.address();
    const port = typeof address === 'object' && address !== null ? address.port : 0;
    const url = `http://127.0.0.1:${port}/`;
    const command = await script('bin/tsa-anchor', recipe('tsa-anchor', { 'https://tsa.example/': url }));
    await anchorWith(command, async (size) => (await readdir(join(home, 'clone'))).includes(nameOf(size)));
  } finally {
    authority.close();
  }
  await shell('cp -r clone anchors');
  await expectVerified(recipe('tsa-verify'));
  // An anchor that is not what was stamped.
  const name = join(home, 'anchors', nameOf(3));
  await writeFile(name, (await readFile(name, 'utf8')).replace('\n3\n', '\n4\n'));
  expect((await shell(recipe('tsa-verify'))).status).not.toBe(0);
});
