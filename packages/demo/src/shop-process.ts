import { fileURLToPath } from 'node:url';
import { startChild, type RunningChild } from './child-process.ts';
import { inheritEnvironment } from './environment.ts';
import { REFRESH_MARGIN_S } from './people/customers.ts';
import type { DemoProvider } from './provider/demo-provider.ts';
import { SHOP_CLIENT_ID, SHOP_RESOURCE } from './provider/clients.ts';

/** How the shop is observed: where its spans go, and under which name. */
export interface ShopSurroundings {
  /** The audit exporter's OTLP endpoint. */
  readonly auditEndpoint: string;
  readonly spoolDirectory: string;
  /** Where the shop's own telemetry goes. */
  readonly telemetryUrl: string;
  /** `service.instance.id`: tells this run's records from those of an earlier one in the same data directory. */
  readonly instanceId: string;
}

/** Turns the audit trail on. The shop itself knows nothing of it. */
const AUDIT_PRELOAD = ['--import', '@spanledger/instrumentation-oidc/register'];

/** Turns OpenTelemetry on, as it would be without an audit trail; the first of the two is for ES modules. */
const TELEMETRY_PRELOADS = [
  '--import',
  new URL('telemetry/module-hooks.js', import.meta.url).href,
  '--import',
  '@opentelemetry/auto-instrumentations-node/register',
];

/**
 * Starts the shop and registers it with the provider.
 *
 * @param signal gives up waiting for it
 */
export async function startShop(
  provider: DemoProvider,
  surroundings: ShopSurroundings,
  signal: AbortSignal,
): Promise<RunningChild> {
  const shop = await startChild(
    {
      name: 'the shop',
      args: [
        ...AUDIT_PRELOAD,
        ...TELEMETRY_PRELOADS,
        fileURLToPath(new URL('shop/main.js', import.meta.url)),
      ],
      cwd: fileURLToPath(new URL('..', import.meta.url)),
      env: {
        ...inheritEnvironment(process.env),
        ...describeShop(provider),
        ...describeTelemetry(surroundings),
        SPANLEDGER_ENDPOINT: surroundings.auditEndpoint,
        SPANLEDGER_SPOOL_DIR: surroundings.spoolDirectory,
        SPANLEDGER_CLAIMS: 'name,roles',
      },
      ready: /^shop listening on (\S+)$/,
    },
    signal,
  );
  await provider.registerShop(shop.url);
  return shop;
}

/** What a shop would be configured with anywhere. */
function describeShop(provider: DemoProvider): NodeJS.ProcessEnv {
  return {
    SHOP_ISSUER: provider.issuer,
    SHOP_CLIENT_ID: SHOP_CLIENT_ID,
    SHOP_CLIENT_SECRET: provider.shopSecret,
    SHOP_RESOURCE,
    SHOP_REFRESH_MARGIN_S: String(REFRESH_MARGIN_S),
  };
}

/** OpenTelemetry's own variables. */
function describeTelemetry(surroundings: ShopSurroundings): NodeJS.ProcessEnv {
  return {
    OTEL_SERVICE_NAME: 'shop',
    OTEL_RESOURCE_ATTRIBUTES: `service.version=1.0.0,service.instance.id=${surroundings.instanceId}`,
    OTEL_NODE_RESOURCE_DETECTORS: 'env,process',
    // Express brings a router of its own, which the instrumentation of express covers already.
    OTEL_NODE_DISABLED_INSTRUMENTATIONS: 'router,fs,net,dns',
    OTEL_TRACES_EXPORTER: 'otlp',
    OTEL_METRICS_EXPORTER: 'none',
    OTEL_LOGS_EXPORTER: 'none',
    OTEL_EXPORTER_OTLP_ENDPOINT: surroundings.telemetryUrl,
    OTEL_BSP_SCHEDULE_DELAY: '500',
  };
}
