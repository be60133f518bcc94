import { loadConfig } from '@spanledger/audit-exporter';
import { describeError } from '../../failure.ts';
import { isNewEnough, NODE_LEAST } from '../../node-version.ts';
import { bad, type Finding, good } from './finding.ts';

/** Whether this Node is new enough. */
export function checkNode(version: string): Finding {
  if (isNewEnough(version)) return good('node', version);
  return bad('node', `${version} is too old`, `Install Node ${NODE_LEAST} or newer.`);
}

/**
 * Whether configuration file and environment can be read.
 *
 * @param elsewhere - the places that they name are not the ones that are looked at
 */
export function checkConfiguration(env: NodeJS.ProcessEnv, elsewhere: boolean): Finding {
  try {
    const { dataDirectory, host, port } = loadConfig({ env });
    if (elsewhere) return good('configuration', 'can be read; the command line says where to look');
    return good('configuration', `data in ${dataDirectory}, service at ${host}:${port}`);
  } catch (error) {
    const { message, hint } = describeError(error);
    return bad('configuration', message, hint ?? 'docs/configuration.md lists every field and variable.');
  }
}
