import { loadConfig } from '@spanledger/audit-exporter';
import { describeError } from '../../errors.ts';
import { bad, type Finding, good } from './finding.ts';

/** The least Node that has all that is used, as package.json's `engines` says. */
const NODE_MINIMUM: readonly [major: number, minor: number] = [22, 15];

/** Whether this Node is new enough. */
export function checkNode(version: string): Finding {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = NODE_MINIMUM;
  if (major > leastMajor || (major === leastMajor && minor >= leastMinor)) return good('node', version);
  return bad('node', `${version} is too old`, `Install Node ${leastMajor}.${leastMinor} or newer.`);
}

/** Whether configuration file and environment can be read. */
export function checkConfiguration(env: NodeJS.ProcessEnv): Finding {
  try {
    const { dataDirectory, host, port } = loadConfig({ env });
    return good('configuration', `data in ${dataDirectory}, service at ${host}:${port}`);
  } catch (error) {
    const { message, hint } = describeError(error);
    return bad('configuration', message, hint ?? 'docs/configuration.md lists every field and variable.');
  }
}
