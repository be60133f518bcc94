import { FixtureProcess, type FixtureOptions } from '../../support/instrumentation/fixture-process.ts';
import { AUDIENCE, CLIENT_ID, CLIENT_SECRET, TestProvider } from '../../support/instrumentation/provider.ts';
import { TestReceiver } from '../../support/instrumentation/receiver.ts';
import { scratchDirectory } from '../../support/instrumentation/scratch.ts';

/** The shop fixture with its provider, the audit receiver, and the receiver of the app's own telemetry. */
export interface ShopWorld extends AsyncDisposable {
  readonly provider: TestProvider;
  readonly audit: TestReceiver;
  readonly telemetry: TestReceiver;
  readonly spool: string;
  readonly shop: FixtureProcess;
  readonly url: string;
}

export async function startShop(options: FixtureOptions = {}, fixture = 'shop.mjs'): Promise<ShopWorld> {
  const stack = new AsyncDisposableStack();
  const provider = stack.use(await new TestProvider().listen());
  const audit = stack.use(await new TestReceiver().listen());
  const telemetry = stack.use(await new TestReceiver().listen());
  const { path: spool } = stack.use(await scratchDirectory());
  const shop = stack.use(
    new FixtureProcess(fixture, {
      ...options,
      env: {
        ISSUER: provider.issuer,
        CLIENT_ID,
        CLIENT_SECRET,
        AUDIENCE,
        SPANLEDGER_ENDPOINT: audit.url,
        SPANLEDGER_SPOOL_DIR: spool,
        OTEL_EXPORTER_OTLP_TRACES_ENDPOINT: telemetry.url,
        ...options.env,
      },
    }),
  );
  return {
    provider,
    audit,
    telemetry,
    spool,
    shop,
    url: await shop.url(),
    [Symbol.asyncDispose]: () => stack.disposeAsync(),
  };
}

export async function get(
  url: string,
  token?: string,
  headers: Record<string, string> = {},
): Promise<{ status: number; body: Record<string, unknown> }> {
  const response = await fetch(url, {
    redirect: 'manual',
    signal: AbortSignal.timeout(20_000),
    headers: { ...headers, ...(token === undefined ? {} : { authorization: `Bearer ${token}` }) },
  });
  const text = await response.text();
  const body: Record<string, unknown> = text.startsWith('{') ? JSON.parse(text) : {};
  return { status: response.status, body };
}
