import { fileURLToPath } from 'node:url';
import { ScriptProcess } from '../../support/instrumentation/script-process.ts';
import { AUTO_INSTRUMENTATIONS, REGISTER } from '../../support/instrumentation/fixture-process.ts';
import { secretOf, SHOP_RESOURCE, type ShopRealm } from './shop-realm.ts';

const DEMO = fileURLToPath(new URL('../../../packages/demo/', import.meta.url));
const START_TIMEOUT_MS = 60_000;

/** How a shop runs. */
export interface ShopOptions {
  clientId: string;
  /** An address of this machine; a cookie is for a host and all its ports. */
  host: string;
  /** Access tokens that expire within this many seconds are refreshed before they are used. */
  refreshMarginS: number;
  /** The audit exporter, e.g. `http://127.0.0.1:4319`. */
  auditUrl: string;
  spoolDirectory: string;
}

/** The demo's shop, unchanged, as a client of a realm. */
export class Shop implements AsyncDisposable {
  readonly #process: ScriptProcess;
  readonly url: string;

  private constructor(process: ScriptProcess, url: string) {
    this.#process = process;
    this.url = url;
  }

  /** Starts it and registers it with the realm. */
  static async start(
    realm: ShopRealm,
    { clientId, host, refreshMarginS, auditUrl, spoolDirectory }: ShopOptions,
  ): Promise<Shop> {
    const shop = new ScriptProcess('dist/shop/main.js', DEMO, {
      execArgv: [
        '--import',
        REGISTER,
        '--import',
        './dist/telemetry/module-hooks.js',
        '--import',
        AUTO_INSTRUMENTATIONS,
      ],
      env: {
        SHOP_ISSUER: realm.issuer,
        SHOP_CLIENT_ID: clientId,
        SHOP_CLIENT_SECRET: secretOf(clientId),
        SHOP_RESOURCE,
        SHOP_HOST: host,
        SHOP_REFRESH_MARGIN_S: String(refreshMarginS),
        OTEL_SERVICE_NAME: clientId,
        OTEL_TRACES_EXPORTER: 'none',
        SPANLEDGER_ENDPOINT: `${auditUrl}/v1/traces`,
        SPANLEDGER_SPOOL_DIR: spoolDirectory,
      },
    });
    try {
      const [, url = ''] = await shop.line(/^shop listening on (\S+)$/m, START_TIMEOUT_MS);
      await realm.addShop(clientId, url);
      return new Shop(shop, url);
    } catch (error) {
      await shop.kill();
      throw error;
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#process.kill('SIGTERM');
  }
}
