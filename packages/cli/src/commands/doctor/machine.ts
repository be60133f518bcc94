import { loadConfig } from '@spanledger/audit-exporter';
import { describeError } from '../../errors.ts';
import { isNewEnough, NODE_LEAST } from '../../node-version.ts';
import { bad, type Finding, good } from './finding.ts';

/** Whether this Node is new enough. */
export function checkNode(version: string): Finding {
  if (isNewEnough(version)) return good('node', version);
  return bad('node', `${version} is too old`, `Install Node ${NODE_LEAST} or newer.`);
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
