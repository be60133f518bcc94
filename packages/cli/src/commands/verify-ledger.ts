import { StateRefusedError, verifyLedger } from '@spanledger/ledger/directory';
import type { TileSource } from '@spanledger/ledger/verify';
import { describeLocation, locate, openPublicLog } from '../connection.ts';
import type { Context } from '../context.ts';
import { EXIT } from '../errors.ts';
import { readInputFile, readVkey } from '../input-files.ts';
import { renderJsonLine } from '../output/json.ts';
import { progressLine } from '../output/progress.ts';
import { renderReport } from '../output/reports.ts';
import { StateFile } from '../state-file.ts';
import { readAnchors } from './anchors.ts';
import type { VerifyOptions } from './verify.ts';
import { readWitnessPolicy } from './witness-policy.ts';

/** Verifies a whole ledger and prints the report. */
export async function verifyWholeLedger(options: VerifyOptions, context: Context): Promise<void> {
  const location = await locate(options, context);
  const compared = options.index === true ? 'embedded' : options.index;
  const index = compared === undefined ? undefined : await import('./verify-index.ts');
  index?.demandDirectory(location);
  const log = await openPublicLog(location);
  const vkey = options.vkey === undefined ? await log.vkey() : await readVkey(options.vkey, context);
  const policy = await readWitnessPolicy(options, context);
  const known = await Promise.all((options.known ?? []).map((file) => readInputFile(file, context)));
  const anchors = options.anchors === undefined ? [] : await readAnchors(options.anchors);
  const source = rememberFailure(log.tiles);
  const stateFile = options.resume === undefined ? undefined : new StateFile(options.resume);
  const state = await stateFile?.read();
  const line = progressLine(context.draw, context.now, context.err);
  const report = await verifyLedger({
    source,
    vkey,
    known,
    anchors,
    ...policy,
    history: options.history === false ? 'optional' : 'required',
    entries: options.entries ?? 'records',
    ...(log.openBundles && { openBundles: log.openBundles }),
    ...(state !== undefined && { resume: state }),
    ...(stateFile && { onState: (next) => stateFile.write(next) }),
    onProgress: (progress) => {
      line.update(progress);
    },
  }).catch((error: unknown) => {
    line.clear();
    throw stateFile !== undefined && error instanceof StateRefusedError ? stateFile.refusal(error) : error;
  });
  line.clear();
  // A log that could not be read is not one that was found wrong.
  const onlyUnread = report.failures.every(({ code }) => code === 'read_failed');
  if (!report.ok && onlyUnread && source.failure !== undefined) throw source.failure;
  await stateFile?.remove();

  // What follows a ledger that is not as it should be cannot be told from it.
  const indexReport =
    compared !== undefined && report.ok ? await index?.compareIndex(compared, location, context) : undefined;
  context.mustFinish = true;
  const vkeySource = options.vkey === undefined ? 'log' : 'given';
  if (options.json === true)
    context.out(renderJsonLine({ ...report, vkeySource, ...(indexReport && { index: indexReport }) }));
  else {
    context.out(renderReport(report, { paint: context.paint }));
    if (vkeySource === 'log') context.out(noteOwnKey(describeLocation(location)));
    if (index !== undefined && compared !== undefined && indexReport !== undefined) {
      const title = index.INDEX_TITLES[compared];
      context.out(`\n${index.renderIndexReport(indexReport, { paint: context.paint, title })}`);
    } else if (index !== undefined) context.out('\nThe index was not compared with this ledger.\n');
  }
  context.exitCode = report.ok && indexReport?.ok !== false ? EXIT.good : EXIT.failed;
}

/** A key that comes from the log itself says little about who signed; a reader should know. */
export function noteOwnKey(where: string): string {
  return `\nThe verification key came from the log itself (${where}). --vkey holds it to a key that you kept.\n`;
}

/** A source that remembers why it could not be read. */
function rememberFailure(source: TileSource): TileSource & { failure: Error | undefined } {
  const remembering = {
    failure: undefined as Error | undefined,
    async read(path: string): Promise<Uint8Array | undefined> {
      try {
        return await source.read(path);
      } catch (error) {
        if (error instanceof Error) remembering.failure ??= error;
        throw error;
      }
    },
  };
  return remembering;
}
