import { writeFile } from 'node:fs/promises';
import type { Paint } from 'spanledger/output';
import { orAborted, untilAborted } from './abort.ts';
import { renderJson, renderOutcome } from './rendering.ts';
import type { DemoOptions } from './options.ts';
import { gatherOutcome, type Outcome } from './outcome.ts';
import { runPeople } from './people/people.ts';
import type { Progress } from './progress.ts';
import { Closers, setStage, type Stage } from './stage.ts';

/** Where the demo speaks. */
export interface DemoOutput {
  /** The result. */
  readonly print: (text: string) => void;
  /** What is going on meanwhile. */
  readonly progress: Progress;
  /** Colours of the result. */
  readonly paint: Paint;
}

/**
 * Shows the whole path: people use the shop, and everything they did is recorded, found and proved.
 *
 * @param signal interrupts the demo, or ends the serving after it
 * @returns the exit status: 0 if every expected record was found and verified, else 1
 * @throws DemoError if something did not start, ended by itself, or was interrupted
 */
export async function runDemo(options: DemoOptions, output: DemoOutput, signal: AbortSignal): Promise<0 | 1> {
  const closers = new Closers();
  const secrets = new Set<string>();
  const noteSecret = (secret: string): unknown => secrets.add(secret);
  try {
    const stage = await setStage(options, output.progress, { closers, noteSecret, signal });
    const children = [stage.exporter.failed, stage.shop.failed];
    const performance = perform(stage, output.progress, noteSecret, signal);
    const outcome = await orAborted(Promise.race([performance, ...children]), signal);
    output.print(
      options.json
        ? renderJson(options, stage, outcome)
        : renderOutcome(options, stage, outcome, output.paint),
    );
    if (!options.once) await Promise.race([untilAborted(signal), ...children]);
    return outcome.ok ? 0 : 1;
  } finally {
    await closers.close();
    if (options.secretsFile !== undefined) await writeFile(options.secretsFile, JSON.stringify([...secrets]));
  }
}

async function perform(
  stage: Stage,
  progress: Progress,
  noteSecret: (secret: string) => unknown,
  signal: AbortSignal,
): Promise<Outcome> {
  const { accounts, reportSecret, issuer } = stage.provider;
  const visits = await progress.step(
    'five people, a service and a visitor use the shop',
    () => runPeople({ shopUrl: stage.shop.url, issuer, noteSecret }, accounts, reportSecret),
    (book) =>
      `${[...book.values()].flat().length} requests to the shop, by five people, a service and a visitor`,
  );
  return gatherOutcome(stage, visits, progress, signal);
}
