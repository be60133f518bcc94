import { ATTR_OIDC_ERROR, ATTR_OIDC_ERROR_DESCRIPTION } from '@spanledger/record';
import { memberOf } from '../attach/global-api.ts';
import type { SpanAttributes } from '../otlp/recorded-span.ts';
import { REDACTED, scrubText } from '../otlp/scrub.ts';
import { defined } from '../session/session.ts';

const MAX_CODE_CHARS = 128;
const MAX_DESCRIPTION_CHARS = 512;

/**
 * The OAuth error code, where the provider sent one (RFC 6749, 4.1.2.1 and 5.2); else the library's own code. The
 * description is the provider's text, and may quote what it was sent; the message of the error is not used at all.
 *
 * @param error - What the function threw.
 * @param secrets - What was sent and must not come back: the code, a token.
 */
export function failureAttributes(error: unknown, ...secrets: readonly unknown[]): SpanAttributes {
  const code = textOf(error, 'error') ?? textOf(error, 'code') ?? textOf(error, 'name') ?? 'unknown';
  const description = textOf(error, 'error_description');
  return defined({
    [ATTR_OIDC_ERROR]: withoutSecrets(code, secrets).slice(0, MAX_CODE_CHARS),
    [ATTR_OIDC_ERROR_DESCRIPTION]:
      description && withoutSecrets(description, secrets).slice(0, MAX_DESCRIPTION_CHARS),
  });
}

function withoutSecrets(text: string, secrets: readonly unknown[]): string {
  let clean = text;
  for (const secret of secrets) {
    if (typeof secret !== 'string' || secret === '') continue;
    // As it is, and as a provider finds it in a form or a query.
    const encoded = new URLSearchParams({ '': secret }).toString().slice(1);
    clean = clean.replaceAll(secret, REDACTED).replaceAll(encoded, REDACTED);
  }
  return scrubText(clean);
}

function textOf(error: unknown, name: string): string | undefined {
  const value = memberOf(error, name);
  return typeof value === 'string' && value !== '' ? value : undefined;
}
