import { writeSync } from 'node:fs';
import { DatabaseSync } from 'node:sqlite';
import { openEmbeddedIndex } from '../../../packages/exporter/src/search/index.ts';
import { INDEX_KEY, recordOf } from '../../support/exporter/embedded-index.ts';

// Erases a person's records from an index, and is dead before or after its nth commit: kill -9 by its own hand.
const [, , file, person, indexes, commits, moment] = process.argv;
if (file === undefined || person === undefined) throw new TypeError('no index, or nobody');
const records: number[] = JSON.parse(indexes ?? '[]');
const driver = openEmbeddedIndex({ file, key: INDEX_KEY });
let left = Number(commits);
const descriptor = Object.getOwnPropertyDescriptor(DatabaseSync.prototype, 'exec');
DatabaseSync.prototype.exec = function execOrDie(this: DatabaseSync, sql: string): void {
  const isLast = sql === 'COMMIT' && --left === 0;
  if (isLast && moment === 'before') process.kill(process.pid, 'SIGKILL');
  Reflect.apply(descriptor?.value, this, [sql]);
  if (isLast) process.kill(process.pid, 'SIGKILL');
};
await driver.prepareErasure(records.map((index) => recordOf(index, person)));
writeSync(1, 'prepared\n');
await driver.erase(records);
driver.settle();
writeSync(1, 'settled\n');
