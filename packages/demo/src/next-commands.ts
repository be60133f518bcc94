import type { DemoOptions } from './options.ts';
import type { Outcome } from './outcome.ts';
import { readText } from './record-fields.ts';
import type { Stage } from './stage.ts';

/**
 * @returns command lines to try on what the demo made, ready to be copied; none if it is gone when the demo ends
 */
export function suggestCommands(options: DemoOptions, stage: Stage, outcome: Outcome): string[] {
  if (options.once && options.data === undefined) return [];
  const where = options.once ? `--data ${quote(stage.directory)}` : `--url ${stage.exporter.url}`;
  const record = outcome.session?.timeline.at(-1);
  const id = record === undefined ? undefined : readText(record, 'audit.record.id');
  return [
    "search 'user.id:dave and event.outcome:failure'",
    'search \'event.action:oidc.authorization.failed and @timestamp >= "2026-01-01"\'',
    'search \'user.id:erin and http.route:"/admin/export"\'',
    ...(outcome.session === undefined ? [] : [`session ${outcome.session.id}`]),
    ...(id === undefined ? [] : [`show ${id}`, `proof ${id}`]),
    'verify',
  ].map((command) => `npm run spanledger -- ${command} ${where}`);
}

function quote(text: string): string {
  return /^[\w@%+=:,./-]+$/.test(text) ? text : `'${text.replaceAll("'", "'\\''")}'`;
}
