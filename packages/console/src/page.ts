/** Nothing may be loaded, run, framed or submitted: the page is text. */
export const CONSOLE_CONTENT_SECURITY_POLICY: string =
  "default-src 'none'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'";

/** The page at `/` of the audit exporter: what this is and where its answers are. */
export const CONSOLE_PAGE: string = `<!doctype html>
<html lang="en">
  <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width">
    <title>Spanledger audit exporter</title>
  </head>
  <body>
    <h1>Spanledger audit exporter</h1>
    <p>This service records who did what in a hash-chained, signed ledger. It is asked by its command,
      <code>spanledger search</code>, or over HTTP:</p>
    <dl>
      <dt><a href="/api/records?limit=10">/api/records</a></dt>
      <dd>audit records, newest first; <code>?query=event.outcome:failure&amp;limit=&amp;cursor=</code></dd>
      <dt>/api/records/{id}, /api/records/{id}/proof</dt>
      <dd>one record, and the proof that the ledger holds it (C2SP tlog-proof)</dd>
      <dt><a href="/api/sessions">/api/sessions</a>, /api/sessions/{id}</dt>
      <dd>OpenID Connect sessions, and one of them with its timeline</dd>
      <dt><a href="/api/status">/api/status</a></dt>
      <dd>sizes of the ledger, and how far its followers are</dd>
      <dt><a href="/checkpoint">/checkpoint</a>, /tile/…, <a href="/ledger.vkey">/ledger.vkey</a></dt>
      <dd>the ledger itself (C2SP tlog-tiles), for anybody to verify</dd>
    </dl>
  </body>
</html>
`;
