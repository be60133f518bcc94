const ESCAPES: ReadonlyMap<string, string> = new Map([
  ['&', '&amp;'],
  ['<', '&lt;'],
  ['>', '&gt;'],
  ['"', '&quot;'],
  ["'", '&#39;'],
]);

const STYLE = `
body { font: 15px/1.5 system-ui, sans-serif; margin: 2rem auto; max-width: 72rem; padding: 0 1rem; color: #1a1a1a; }
h1 { font-size: 1.5rem; } h2 { font-size: 1.15rem; margin-top: 2rem; }
table { border-collapse: collapse; width: 100%; }
th, td { text-align: left; padding: .3rem .6rem .3rem 0; vertical-align: top; border-bottom: 1px solid #ddd; overflow-wrap: anywhere; }
td.number, th.number { text-align: right; }
`;

/** Text as it may stand between tags and in quoted attributes. */
export function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => ESCAPES.get(character) ?? '');
}

/** A page that needs nothing else: no script, nothing from the network. */
export function renderPage(title: string, body: string): string {
  return `<!doctype html>
<html lang="en"><head><meta charset="utf-8"><title>${escapeHtml(title)}</title>
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer"><style>${STYLE}</style></head><body>
<h1>${escapeHtml(title)}</h1>
${body}</body></html>
`;
}

/** A table of texts and numbers. */
export function renderHtmlTable(
  titles: readonly string[],
  rows: readonly (readonly (string | number)[])[],
): string {
  const cell = (tag: 'td' | 'th', value: string | number, isNumber: boolean): string =>
    `<${tag}${isNumber ? ' class="number"' : ''}>${escapeHtml(String(value))}</${tag}>`;
  const isNumber = titles.map((_, i) => rows.length > 0 && rows.every((row) => typeof row[i] === 'number'));
  const head = titles.map((title, i) => cell('th', title, isNumber[i] ?? false)).join('');
  const body = rows.map(
    (row) => `<tr>${row.map((value, i) => cell('td', value, isNumber[i] ?? false)).join('')}</tr>`,
  );
  return `<table><thead><tr>${head}</tr></thead><tbody>\n${body.join('\n')}\n</tbody></table>\n`;
}
