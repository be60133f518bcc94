import { readConfig } from './config.ts';
import { installRuntime } from './global-runtime.ts';
import { startRuntime } from './runtime.ts';
import { guarded, warnOnce } from './warning.ts';

/**
 * What loading `register` does, once per thread. Never throws.
 *
 * @param env - The environment, with what the application says beside it.
 */
export function registerRuntime(env: NodeJS.ProcessEnv = process.env): void {
  guarded('REGISTER', () => {
    installRuntime(() => {
      const { config, problems } = readConfig(env, process.platform);
      for (const [index, problem] of problems.entries()) warnOnce(`SPANLEDGER_CONFIG_${index + 1}`, problem);
      return config.disabled ? undefined : startRuntime(config);
    });
  });
}
