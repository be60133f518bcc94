import { InstrumentationBase, type InstrumentationConfig } from '@opentelemetry/instrumentation';
import { attachToProvider } from './attach/provider.ts';
import { installedRuntime } from './global-runtime.ts';
import { environmentOf, type OidcOptions } from './options.ts';
import { PACKAGE_NAME, PACKAGE_VERSION } from './package-identity.ts';
import { registerRuntime } from './registration.ts';
import { guarded } from './warning.ts';

/** Settings of {@link OidcInstrumentation}; what is not given comes from the environment. */
export interface OidcInstrumentationConfig extends InstrumentationConfig, OidcOptions {}

/**
 * Spanledger as an OpenTelemetry instrumentation, for applications that set their telemetry up in code. It does what
 * `register` does, from the moment it is made: libraries that were loaded before are not hooked, so make it first.
 * Beside `register` it changes nothing.
 *
 * @example
 *   import { registerInstrumentations } from '@opentelemetry/instrumentation';
 *   import { OidcInstrumentation } from '@spanledger/instrumentation-oidc';
 *
 *   registerInstrumentations({ instrumentations: [new OidcInstrumentation({ claims: ['email'] })] });
 */
export class OidcInstrumentation extends InstrumentationBase<OidcInstrumentationConfig> {
  constructor(config: OidcInstrumentationConfig = {}) {
    super(PACKAGE_NAME, PACKAGE_VERSION, config);
  }

  /** Spanledger hooks its libraries itself, so that two copies of it share one set of hooks. */
  protected override init(): undefined {
    return undefined;
  }

  /** Starts recording, unless it is started. */
  override enable(): void {
    guarded('ENABLE', () => {
      registerRuntime(environmentOf(process.env, this.getConfig()));
    });
  }

  /** Does nothing: an audit trail that the audited code can switch off proves little. `SPANLEDGER_DISABLED` is the operator's. */
  override disable(): void {
    return undefined;
  }

  /** Records the spans of a provider that is not the global one. */
  override setTracerProvider(provider: unknown): void {
    guarded('ATTACH', () => {
      const runtime = installedRuntime();
      if (runtime !== undefined) attachToProvider(provider, runtime.processor);
    });
  }
}
