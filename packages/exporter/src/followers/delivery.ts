import type { LedgerReader } from '@spanledger/ledger';

import type { DataDirectory } from '../data-directory.ts';
import { DocumentReader } from '../documents.ts';
import { Notifier, type TargetConfig, type TargetStatus } from '../notify/index.ts';
import type { OpeningsReader } from '../openings.ts';
import type { FromAlerts } from './messages.ts';

/** What delivering alerts joins. */
export interface DeliveryOptions {
  targets: readonly TargetConfig[];
  paths: DataDirectory;
  /** The log, so many entries of it published. */
  log: { origin: string; size: number };
  reader: LedgerReader;
  openings: OpeningsReader;
  tell: (message: FromAlerts) => void;
}

/**
 * Makes what delivers alerts; no target need be up. It begins when it is started.
 *
 * @returns undefined where there are no targets
 * @throws ExporterError `delivery_damaged`
 */
export function openDelivery(options: DeliveryOptions): Notifier | undefined {
  const { targets, paths, log, reader, openings, tell } = options;
  if (targets.length === 0) return undefined;
  return new Notifier({
    targets,
    stateFile: paths.deliveryFile,
    log,
    openings,
    documents: (allowed) => {
      const documents = new DocumentReader(reader, allowed);
      return (index) => documents.readOne(index);
    },
    onStatus: (statuses) => {
      tell({ kind: 'delivery_status', statuses });
    },
    onCutBack: () => {
      tell({ kind: 'delivery_cut_back' });
    },
  });
}

/** How targets are that nothing can be delivered to, because delivery itself did not start. */
export function unusableTargets(targets: readonly TargetConfig[], trouble: string): TargetStatus[] {
  return targets.map(({ name, kind }) => ({
    name,
    kind,
    waiting: 0,
    deadLetters: 0,
    delivered: 0,
    refused: 0,
    failed: 0,
    failures: 1,
    trouble,
  }));
}
