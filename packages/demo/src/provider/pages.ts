/**
 * @param title the page's heading
 * @param paragraphs its text
 * @returns a plain HTML page
 */
export function renderPage(title: string, paragraphs: readonly string[]): string {
  const body = paragraphs.filter((text) => text !== '').map((text) => `<p>${escapeHtml(text)}</p>`);
  return layOut(title, body.join(''));
}

/**
 * @param action where the form is sent
 * @param clientName who asks the person to log in
 * @returns the login form
 */
export function renderLoginPage(action: string, clientName: string): string {
  return layOut(
    `Log in to ${clientName}`,
    `<form method="post" action="${escapeHtml(action)}">` +
      '<p><label>User name <input name="username" autocomplete="username" required autofocus></label></p>' +
      '<p><label>Password <input name="password" type="password" autocomplete="current-password" required></label></p>' +
      '<p><button type="submit">Log in</button></p></form>',
  );
}

/**
 * @param form the provider's own form element, which holds its anti-forgery token
 * @returns the page that asks whether to end the session
 */
export function renderLogoutPage(form: string): string {
  return layOut(
    'Log out?',
    `${form}<p><button type="submit" form="op.logoutForm" name="logout" value="yes">Yes, log me out</button></p>`,
  );
}

function layOut(title: string, body: string): string {
  const heading = escapeHtml(title);
  return (
    '<!doctype html><html lang="en"><head><meta charset="utf-8">' +
    `<title>${heading}</title></head><body><h1>${heading}</h1>${body}</body></html>`
  );
}

function escapeHtml(text: string): string {
  return text.replace(/[&<>"']/g, (character) => `&#${String(character.codePointAt(0))};`);
}
