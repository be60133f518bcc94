import { REGISTER } from '../instrumentation/fixture-process.ts';
import { ScriptProcess } from '../instrumentation/script-process.ts';

/** The telemetry that every app has: `test/apps/shared/telemetry.mjs`. */
export const TELEMETRY = './telemetry.mjs';

/** How an app's script is started. */
export interface AppOptions {
  /** False leaves us out; everything else stays. */
  register?: boolean;
  /** What sets up OpenTelemetry: a preload of the app or of a package, or nothing. */
  telemetry?: string | false;
  /** Further options of Node, for example `--require ./old.cjs`. */
  nodeOptions?: string;
  args?: readonly string[];
  env?: Record<string, string>;
}

/** A script of an installed app, started as its user starts it: with NODE_OPTIONS, in its folder. */
export class AppProcess extends ScriptProcess {
  /** @param folder what `installApp` gave */
  constructor(folder: string, script: string, options: AppOptions = {}) {
    const { register = true, telemetry = TELEMETRY, nodeOptions = '', args = [], env = {} } = options;
    const preloads = [...(register ? [REGISTER] : []), ...(telemetry === false ? [] : [telemetry])];
    const words = [...preloads.map((name) => `--import ${name}`), nodeOptions];
    super(script, folder, { args, env: { ...env, NODE_OPTIONS: words.join(' ').trim() } });
  }
}
