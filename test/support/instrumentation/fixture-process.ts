import { fileURLToPath } from 'node:url';
import { ScriptProcess } from './script-process.ts';

const FIXTURES = new URL('../../integration/instrumentation/fixtures/', import.meta.url);

export const REGISTER = '@spanledger/instrumentation-oidc/register';
export const STANDALONE = '@spanledger/instrumentation-oidc/standalone';
export const AUTO_INSTRUMENTATIONS = '@opentelemetry/auto-instrumentations-node/register';

export interface FixtureOptions {
  /** Preloads, in order. */
  imports?: readonly string[];
  /** Arguments of Node before them. */
  execArgv?: readonly string[];
  env?: Record<string, string>;
  args?: readonly string[];
  /** As {@link ScriptProcess} has it. */
  wrapper?: readonly string[];
}

/** A fixture of this workspace that runs as a child. */
export class FixtureProcess extends ScriptProcess {
  constructor(fixture: string, options: FixtureOptions) {
    const { imports = [REGISTER, AUTO_INSTRUMENTATIONS], execArgv = [], ...others } = options;
    super(fileURLToPath(new URL(fixture, FIXTURES)), fileURLToPath(new URL('.', FIXTURES)), {
      ...others,
      execArgv: [...execArgv, ...imports.flatMap((name) => ['--import', name])],
    });
  }
}
