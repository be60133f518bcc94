import { openWitness, type OpenWitness, type WatchedLog, type WitnessAnswer } from '@spanledger/ledger';
import { onTestFinished } from 'vitest';
import { scratchDirectory } from './scratch.ts';

/** A witness of its own for a test, closed after it at the latest. */
export async function newWitness(
  logs: readonly WatchedLog[],
  options: { directory?: string; name?: string; now?: () => number } = {},
): Promise<OpenWitness & { directory: string }> {
  const directory = options.directory ?? (await scratchDirectory());
  const opened = await openWitness({ name: 'witness.example/w', ...options, directory, logs });
  onTestFinished(() => opened.close());
  return { ...opened, directory };
}

/** Asks a witness without HTTP. */
export function ask({ witness }: Pick<OpenWitness, 'witness'>, body: string): Promise<WitnessAnswer> {
  return witness.addCheckpoint(Buffer.from(body));
}
