import type { Attack } from '../attack.ts';
import { deleteEntry } from './delete.ts';
import { duplicate } from './duplicate.ts';
import { editCheckpoint } from './edit-checkpoint.ts';
import { editPartial, editTile } from './edit-tile.ts';
import { edit } from './edit.ts';
import { insert } from './insert.ts';
import { rechainWithKey } from './rechain-with-key.ts';
import { rechainWithoutKey } from './rechain-without-key.ts';
import { replaceKey, replaceKeyOfNewcomer } from './replace-key.ts';
import { rollBack } from './roll-back.ts';
import { splitView, splitViewCompared } from './split-view.ts';
import { swapLogs, swapLogsWithKey } from './swap-logs.ts';
import { swap } from './swap.ts';
import { truncateAnywhere } from './truncate-anywhere.ts';
import { truncateAtCheckpoint } from './truncate-at-checkpoint.ts';
import { truncateWithKey } from './truncate-with-key.ts';

/** Every attack on a log, in the order of the matrix. */
export const LOG_ATTACKS: readonly Attack[] = [
  edit,
  deleteEntry,
  swap,
  insert,
  duplicate,
  rechainWithoutKey,
  rechainWithKey,
  truncateAnywhere,
  truncateAtCheckpoint,
  truncateWithKey,
  replaceKey,
  replaceKeyOfNewcomer,
  editTile,
  editPartial,
  editCheckpoint,
  splitView,
  splitViewCompared,
  swapLogs,
  swapLogsWithKey,
  rollBack,
];
