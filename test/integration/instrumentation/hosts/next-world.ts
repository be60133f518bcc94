import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { buildOnce } from '../../../support/apps/build-once.ts';
import { IdentityProvider } from '../../../support/apps/identity-provider.ts';
import { installApp } from '../../../support/apps/install-app.ts';
import { AUDIENCE } from '../../../support/apps/token-mint.ts';
import { TestReceiver } from '../../../support/instrumentation/receiver.ts';
import { scratchDirectory } from '../../../support/instrumentation/scratch.ts';
import { ScriptProcess } from '../../../support/instrumentation/script-process.ts';

const NEXT = 'node_modules/next/dist/bin/next';

/** `next start` of the built app, with its provider, the audit receiver and the receiver of its own telemetry. */
export interface NextWorld extends AsyncDisposable {
  readonly provider: IdentityProvider;
  readonly audit: TestReceiver;
  readonly telemetry: TestReceiver;
  readonly next: ScriptProcess;
  readonly url: string;
}

/** Installs and builds the app, once for each state of it. */
export async function buildNextApp(): Promise<string> {
  const folder = await installApp('next');
  await buildOnce(join(folder, 'built'), async (marker) => {
    const child = spawn(process.execPath, [NEXT, 'build'], {
      cwd: folder,
      env: { PATH: process.env['PATH'], HOME: process.env['HOME'], NEXT_TELEMETRY_DISABLED: '1' },
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    let output = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.setEncoding('utf8').on('data', (text: string) => (output += text));
    }
    const [code]: unknown[] = await once(child, 'close');
    if (code !== 0) throw new Error(`next build ended with ${String(code)}\n${output}`);
    await mkdir(marker, { recursive: true });
  });
  return folder;
}

export async function startNext(folder: string, env: Record<string, string>): Promise<NextWorld> {
  await using stack = new AsyncDisposableStack();
  const provider = stack.use(await new IdentityProvider('plain').listen());
  const audit = stack.use(await new TestReceiver().listen());
  const telemetry = stack.use(await new TestReceiver().listen());
  const { path: spool } = stack.use(await scratchDirectory());
  const next = stack.use(
    new ScriptProcess(NEXT, folder, {
      args: ['start', '--hostname', '127.0.0.1', '--port', '0'],
      env: {
        NODE_OPTIONS: '--import @spanledger/instrumentation-oidc/register',
        NEXT_TELEMETRY_DISABLED: '1',
        ISSUER: provider.issuer,
        AUDIENCE,
        SPANLEDGER_ENDPOINT: audit.url,
        SPANLEDGER_SPOOL_DIR: spool,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: telemetry.url,
        OTEL_EXPORTER_OTLP_TRACES_PROTOCOL: 'http/protobuf',
        ...env,
      },
    }),
  );
  const [, port] = await next.line(/http:\/\/127\.0\.0\.1:(\d+)/);
  // It prints its address before it serves.
  await next.line(/Ready in/);
  const open = stack.move();
  return {
    provider,
    audit,
    telemetry,
    next,
    url: `http://127.0.0.1:${port}`,
    [Symbol.asyncDispose]: () => open.disposeAsync(),
  };
}
