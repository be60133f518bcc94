import type { IncomingMessage, ServerResponse } from 'node:http';
import type Provider from 'oidc-provider';
import { authenticate, type AccountBook } from './accounts.ts';
import { renderLoginPage, renderPage } from './pages.ts';

/** Path prefix of the login pages. */
export const INTERACTION_PATH = '/interaction/';
/** A login form is two short fields; anything longer is not one. */
const MAX_FORM_BYTES = 4_096;

/**
 * Serves the login form (GET) and takes it back (POST). A wrong password ends the interaction with `access_denied`,
 * so that the client sees a failed authorization (OpenID Connect Core 1.0, section 3.1.2.6).
 *
 * @param provider the provider whose interaction it is
 * @param accounts who may log in
 */
export async function handleLogin(
  provider: Provider,
  accounts: AccountBook,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const { uid, params, prompt } = await provider.interactionDetails(request, response);
  response.setHeader('cache-control', 'no-store');
  if (prompt.name !== 'login') {
    sendPage(
      response,
      501,
      renderPage('Nothing to ask', [`There is no page for the prompt "${prompt.name}".`]),
    );
    return;
  }
  if (request.method !== 'POST') {
    const client = await provider.Client.find(String(params['client_id']));
    sendPage(response, 200, renderLoginPage(`${INTERACTION_PATH}${uid}`, client?.clientName ?? 'the client'));
    return;
  }
  const form = await readForm(request);
  const account = authenticate(accounts, form.get('username') ?? '', form.get('password') ?? '');
  const result =
    account === undefined
      ? { error: 'access_denied', error_description: 'The user name or the password is wrong' }
      : { login: { accountId: account.id, acr: 'urn:shop:password', amr: ['pwd'] } };
  await provider.interactionFinished(request, response, result, { mergeWithLastSubmission: false });
}

/** Sends one HTML page. */
export function sendPage(response: ServerResponse, status: number, html: string): void {
  response.writeHead(status, { 'content-type': 'text/html; charset=utf-8' }).end(html);
}

async function readForm(request: IncomingMessage): Promise<URLSearchParams> {
  const chunks: Buffer[] = [];
  let sizeBytes = 0;
  for await (const chunk of request) {
    const bytes = Buffer.from(chunk);
    sizeBytes += bytes.length;
    if (sizeBytes > MAX_FORM_BYTES) throw new RangeError(`the form is longer than ${MAX_FORM_BYTES} bytes`);
    chunks.push(bytes);
  }
  return new URLSearchParams(Buffer.concat(chunks).toString('utf8'));
}
