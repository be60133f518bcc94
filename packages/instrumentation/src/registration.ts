import { readConfig } from './config.ts';
import { installRuntime } from './global-runtime.ts';
import { startRuntime } from './runtime.ts';
import { guarded, warnOnce } from './warning.ts';

/** What loading `register` does. Never throws. */
export function registerRuntime(): void {
  guarded('REGISTER', () => {
    const { config, problems } = readConfig(process.env, process.platform);
    for (const [index, problem] of problems.entries()) warnOnce(`SPANLEDGER_CONFIG_${index + 1}`, problem);
    if (!config.disabled) installRuntime(() => startRuntime(config));
  });
}
