import type { Erasure, ErasureCertificate } from '@spanledger/audit-exporter';
import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';
import type { Paint } from './paint.ts';
import { renderTable } from './table.ts';
import { formatTime, printable } from './text.ts';

const COLUMNS = [
  { title: 'ID', maxWidth: 12 },
  { title: 'STATE', maxWidth: 10 },
  { title: 'ASKED FOR', maxWidth: 24 },
  { title: 'BY', maxWidth: 24 },
  { title: 'RECORDS', maxWidth: 10, align: 'right' as const },
  { title: 'SUBJECT', maxWidth: 22 },
];

/** A table of erasures. */
export function renderErasures(erasures: readonly Erasure[], paint: Paint): string {
  if (erasures.length === 0) return 'Nobody has asked for an erasure.\n';
  const rows = erasures.map((erasure) => [
    erasure.id,
    erasure.state === 'completed'
      ? { text: erasure.state, tone: 'good' as const }
      : { text: erasure.state, tone: 'warning' as const },
    formatTime(erasure.requested_at),
    erasure.requested_by.name,
    erasure.counts === undefined ? '' : String(erasure.counts.records),
    erasure.reference,
  ]);
  return renderTable(COLUMNS, rows, paint);
}

/** One erasure, and what comes next. */
export function renderErasure({ id, state, reference }: Erasure): string {
  const next = {
    requested: `It waits for somebody of another role: spanledger subject approve ${id}`,
    running: `It goes on by itself: spanledger subject certificate ${id}`,
    held: 'It waits for a legal hold to be released: spanledger hold list',
    completed: `Its certificate: spanledger subject certificate ${id}`,
    withdrawn: 'Nothing was erased.',
  }[state];
  return `The erasure ${id} of the subject ${reference} is ${state}. ${next}\n`;
}

/** The certificate of an erasure, as a text that can be handed over. */
export function renderCertificate({ erasure, origin, vkey, record, proof }: ErasureCertificate): string {
  const { id, reference, counts, before = 0, requested_by: asked, approved_by: approved } = erasure;
  const audit = member(record, 'audit');
  const lines = [
    'CERTIFICATE OF ERASURE',
    '',
    `Erasure       ${id}`,
    `Log           ${origin}`,
    `Subject       ${reference} (a reference; of whom it was, nobody can tell any more)`,
    `Asked for     ${formatTime(erasure.requested_at)} by ${printable(asked.name)} (${printable(asked.role)})`,
    approved === undefined
      ? 'Approved      not by a second person (privacy.four_eyes is off)'
      : `Approved      ${formatTime(erasure.approved_at)} by ${printable(approved.name)} (${printable(approved.role)})`,
    `Completed     ${formatTime(erasure.completed_at)}`,
    '',
    `The subject’s key was destroyed. The names of the subject and of ${counts?.sessions ?? 0} sessions were forgotten.`,
    `Opened groups were taken out of ${counts?.records ?? 0} records of the subject and ${counts?.companions ?? 0} records of`,
    `nobody in the same traces, all before entry ${before}, and out of ${counts?.mentions ?? 0} records of the service’s own and of nobody`,
    'that named the subject; out of vault, index, sessions and everything drawn from them.',
    ...(counts?.elasticsearch === undefined
      ? []
      : [`${counts.elasticsearch} documents in Elasticsearch have no opened groups any more.`]),
    'The records themselves stay, with salted commitments in place of what they said: without the salts, which',
    'are gone, a commitment confirms no guess.',
    '',
    `Record        ${textOf(member(audit, 'ledger')['index'])} of the log, leaf hash ${textOf(member(audit, 'integrity')['hash'])}`,
    `Key           ${vkey}`,
    '',
    proof,
  ];
  return `${lines.join('\n').trimEnd()}\n`;
}

function member(object: JsonObject, name: string): JsonObject {
  const value = object[name];
  return isJsonObject(value) ? value : {};
}

function textOf(value: JsonValue | undefined): string {
  return typeof value === 'string' || typeof value === 'number' ? String(value) : '';
}
