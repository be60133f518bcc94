import type { KeyObject } from 'node:crypto';
import type { RecordDraft } from '@spanledger/record';
import type { Logger } from 'pino';
import { series } from './gauges.ts';
import { type MinimisationConfig, Minimiser, type Quarantined } from './minimisation/index.ts';
import type { Trouble } from './trouble.ts';

/** What is to be told of the fields that senders send; docs/errors.md explains it. */
export type MinimisationWarningCode = 'personal_data_quarantined';

/** It, told. */
interface MinimisationWarning extends Trouble {
  code: MinimisationWarningCode;
}

/** The minimisation of a running service. */
export interface DataMinimisation {
  /**
   * Takes away, in place, what of a record shall not be stored; undefined where there is nothing to do. True where that is
   * nothing, for each record that says the same in the clear.
   */
  minimise: ((draft: RecordDraft) => boolean) | undefined;
  /** What was found where it may not be. */
  warnings(): MinimisationWarning[];
  metrics(): string[];
}

/** Starts to look at what senders send, as far as the configuration asks for it. */
export function startMinimisation(config: MinimisationConfig, key: KeyObject, log: Logger): DataMinimisation {
  const minimiser = new Minimiser(config, key, ({ field, kind }) => {
    log.warn(
      { field, kind },
      'a field that stands in the clear holds what looks like personal data; told once, see docs/privacy-fields.md',
    );
  });
  const isIdle = !config.quarantine && config.fields.length === 0;
  return {
    minimise: isIdle ? undefined : (draft) => minimiser.minimise(draft),
    warnings: () => (minimiser.quarantined.length === 0 ? [] : [describeQuarantined(minimiser.quarantined)]),
    metrics: () =>
      series(
        'counter',
        'spanledger_quarantined_values_total',
        'Values in clear fields that looked like personal data.',
        minimiser.quarantined.map(({ field, kind, count }) => [{ field, kind }, count]),
      ),
  };
}

function describeQuarantined(found: readonly Quarantined[]): MinimisationWarning {
  const list = found.map(({ field, kind, count }) => `${field} (${kind}, ${count})`).join(', ');
  return {
    code: 'personal_data_quarantined',
    message: `what looks like personal data came in fields that stand in the clear: ${list}`,
    hint: 'Have the application send it elsewhere, or name the field in privacy.quarantine_except if it is none. docs/privacy-fields.md',
  };
}
