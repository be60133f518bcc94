import { type ProvenRecord, valueAt } from '../subject-records.ts';
import type { ExportedSubject } from './subject-json.ts';
import { formatCount, formatTime } from './text.ts';

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 70rem; padding: 0 1rem; color: #1a1a1a; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; } th, td { text-align: left; padding: .3rem .6rem .3rem 0; vertical-align: top; border-bottom: 1px solid #ddd; }
pre { white-space: pre-wrap; overflow-wrap: anywhere; background: #f6f6f6; padding: .6rem; font-size: 12px; }
td, dd { overflow-wrap: anywhere; } dt { font-weight: 600; } details summary { cursor: pointer; }
`;

/** What a field is to whom it is about. */
const LABELS: Readonly<Record<string, string>> = {
  'user.id': 'Known as (user.id)',
  'user.name': 'User name',
  'user.full_name': 'Name',
  'user.email': 'Email',
  'user.roles': 'Roles',
  'enduser.id': 'Known as (enduser.id)',
  'enduser.pseudo.id': 'Pseudonym',
  'oidc.issuer': 'Identity provider',
  'client.address': 'Came from (addresses)',
  'user_agent.original': 'Programs used',
};

/** An export as a page that needs nothing else: no script, nothing from the network. */
export async function* subjectPage(
  about: ExportedSubject,
  records: AsyncIterable<ProvenRecord>,
): AsyncGenerator<string> {
  const { reference, made, source, vkey, checkpoint, sessions } = about;
  yield `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>What is known of ${escapeHtml(reference)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer"><style>${STYLE}</style></head><body>
<h1>What this audit log knows of you</h1>
<p>Made ${escapeHtml(formatTime(made))} from ${escapeHtml(source)}: ${formatCount(about.records)} records and
${formatCount(sessions.length)} sessions, all that is kept under the reference <code>${escapeHtml(reference)}</code>.</p>
<h2>Who you are to it</h2><dl>${namesList(about)}</dl>
<h2>Your sessions</h2>
<table><thead><tr><th>From</th><th>Last seen</th><th>State</th><th>With</th><th>Records</th></tr></thead><tbody>
`;
  for (const session of sessions) {
    const { started, last_seen: lastSeen, state, services, records: count } = session;
    yield `<tr><td>${escapeHtml(formatTime(started))}</td><td>${escapeHtml(formatTime(lastSeen))}</td><td>${escapeHtml(state)}</td><td>${escapeHtml(services.join(', '))}</td><td>${formatCount(count)}</td></tr>\n`;
  }
  yield `</tbody></table>
<h2>What was recorded</h2>
<table><thead><tr><th>When</th><th>What</th><th>Outcome</th><th>Where</th><th>From</th><th></th></tr></thead><tbody>
`;
  for await (const record of records) yield recordRow(record);
  yield `</tbody></table>
<h2>How to check it</h2>
<p>Every record stands in an append-only log. Its proof, beside each record, leads from it to a checkpoint signed with the key below;
<code>spanledger verify record.json --proof record.tlog-proof</code> checks both.</p>
<pre>${escapeHtml(vkey)}\n\n${escapeHtml(checkpoint)}</pre>
</body></html>
`;
}

function namesList({ names }: ExportedSubject): string {
  return Object.entries(names)
    .map(([field, values]) => {
      const list = values.map((value) => `<dd>${escapeHtml(value)}</dd>`).join('');
      return `<dt>${escapeHtml(LABELS[field] ?? field)}</dt>${list}`;
    })
    .join('\n');
}

function recordRow({ document, proof }: ProvenRecord): string {
  const text = (path: string): string => {
    const value = valueAt(document, path);
    return typeof value === 'string' || typeof value === 'number' ? escapeHtml(String(value)) : '';
  };
  return `<tr><td>${formatTime(text('@timestamp'))}</td><td>${text('event.action')}</td><td>${text('event.outcome')}</td><td>${text('service.name')}</td><td>${text('client.address')}</td>
<td><details><summary>all of it (${text('audit.ledger.index')})</summary><pre>${escapeHtml(JSON.stringify(document, undefined, 2))}</pre><pre>${escapeHtml(proof)}</pre></details></td></tr>
`;
}

function escapeHtml(text: string): string {
  return text
    .replaceAll('&', '&amp;')
    .replaceAll('<', '&lt;')
    .replaceAll('>', '&gt;')
    .replaceAll('"', '&quot;')
    .replaceAll("'", '&#39;');
}
