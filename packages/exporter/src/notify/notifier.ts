import type { CommitmentGroup, JsonObject, Openings } from '@spanledger/record';
import type { OpeningsReader } from '../openings.ts';
import { readAlert } from './alert.ts';
import { AlertFinder } from './alert-finder.ts';
import { DeliveryState } from './delivery-state.ts';
import type { TargetConfig } from './target-config.ts';
import { TargetDelivery, type TargetStatus } from './target-delivery.ts';
import { openTarget } from './targets.ts';

/** How long a stop waits for what is being delivered; the rest is delivered after the next start. */
const FINISH_MS = 5_000;

/** Changes of the status are told together. */
const STATUS_MS = 250;

/** Reads documents; of the groups those only that the openings have. */
export type ReadDocument = (openings: OpeningsReader) => (index: number) => Promise<JsonObject | undefined>;

/** What {@link Notifier} works with. */
export interface NotifierOptions {
  targets: readonly TargetConfig[];
  stateFile: string;
  /** The log that is followed, so many entries of it published. */
  log: { origin: string; size: number };
  openings: OpeningsReader;
  documents: ReadDocument;
  /** Told how the targets are, whenever that has changed. */
  onStatus: (statuses: TargetStatus[]) => void;
  /** Told that the log is shorter than what was delivered. */
  onCutBack: () => void;
}

/** Delivers the alerts of the log to all targets, each at its own pace. */
export class Notifier {
  /** Follows the log. */
  readonly finder: AlertFinder;
  readonly #state: DeliveryState;
  readonly #deliveries: readonly TargetDelivery[];
  readonly #onStatus: (statuses: TargetStatus[]) => void;
  #telling: NodeJS.Timeout | undefined;
  #isStarted = false;

  /** @throws ExporterError `delivery_damaged` */
  constructor(options: NotifierOptions) {
    const { targets, stateFile, log, openings, documents, onStatus, onCutBack } = options;
    this.#onStatus = onStatus;
    this.#state = new DeliveryState(stateFile);
    const names = targets.map(({ name }) => name);
    if (this.#state.begin(log, names)) onCutBack();
    this.finder = new AlertFinder(this.#state, () => {
      for (const delivery of this.#deliveries) delivery.wake();
      this.#tellSoon();
    });
    this.#deliveries = targets.map((config) => {
      const document = documents(onlyGroups(openings, config.include));
      return new TargetDelivery({
        config,
        target: openTarget(config),
        state: this.#state,
        read: async (index) => {
          const found = await document(index);
          return found && readAlert(found);
        },
        onChange: () => {
          this.#tellSoon();
        },
      });
    });
  }

  /** Begins to deliver. */
  start(): void {
    this.#isStarted = true;
    for (const delivery of this.#deliveries) delivery.start();
    this.#tellSoon();
  }

  /** Delivers what was found, if that does not take long, and delivers no more. */
  async finish(): Promise<void> {
    await Promise.all(this.#deliveries.map((delivery) => delivery.finish(FINISH_MS)));
    clearTimeout(this.#telling);
  }

  /** Ends at once. */
  async close(): Promise<void> {
    await Promise.all(this.#deliveries.map((delivery) => delivery.finish(0)));
    clearTimeout(this.#telling);
    this.finder.close();
    this.#state.close();
  }

  #tellSoon(): void {
    if (!this.#isStarted || this.#telling !== undefined) return;
    this.#telling = setTimeout(() => {
      this.#telling = undefined;
      this.#onStatus(this.#deliveries.map((delivery) => delivery.status()));
    }, STATUS_MS);
  }
}

/** Of the opened groups those that may leave. */
function onlyGroups(openings: OpeningsReader, groups: readonly CommitmentGroup[]): OpeningsReader {
  return {
    async read(from, to) {
      if (groups.length === 0) return new Map();
      const read = await openings.read(from, to);
      return new Map([...read].map(([index, opened]) => [index, pick(opened, groups)]));
    },
  };
}

function pick(opened: Openings, groups: readonly CommitmentGroup[]): Openings {
  const kept: Openings = {};
  for (const group of groups) {
    const opening = opened[group];
    if (opening !== undefined) kept[group] = opening;
  }
  return kept;
}
