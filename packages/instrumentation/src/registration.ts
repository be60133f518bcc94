import { readConfig } from './config.ts';
import { installRuntime } from './global-runtime.ts';
import { startRuntime } from './runtime.ts';
import { guarded, warnOnce } from './warning.ts';

/** The oldest Node in which everything works that hooks and records: that of `engines` in package.json. */
const MINIMUM_NODE = '22.15.0';

/**
 * What loading `register` does, once per thread. Never throws.
 *
 * @param env - The environment, with what the application says beside it.
 */
export function registerRuntime(env: NodeJS.ProcessEnv = process.env): void {
  guarded('REGISTER', () => {
    // A preload that is set for a whole image meets older Nodes too: the application there must not die of it.
    if (isOlder(process.versions.node, MINIMUM_NODE)) {
      warnOnce(
        'SPANLEDGER_OLD_NODE',
        `Spanledger records nothing: it needs Node.js ${MINIMUM_NODE} or later, and this is ${process.versions.node}.`,
      );
      return;
    }
    installRuntime(() => {
      const { config, problems } = readConfig(env, process.platform);
      for (const [index, problem] of problems.entries()) warnOnce(`SPANLEDGER_CONFIG_${index + 1}`, problem);
      return config.disabled ? undefined : startRuntime(config);
    });
  });
}

function isOlder(version: string, minimum: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [wantedMajor = 0, wantedMinor = 0] = minimum.split('.').map(Number);
  return major < wantedMajor || (major === wantedMajor && minor < wantedMinor);
}
