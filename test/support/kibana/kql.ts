/** A query in Kibana's language: what the shipped objects use of it. */
export type Kql =
  | { readonly kind: 'all' }
  | { readonly kind: 'and' | 'or'; readonly parts: readonly Kql[] }
  | { readonly kind: 'not'; readonly part: Kql }
  | { readonly kind: 'exists'; readonly field: string }
  | { readonly kind: 'is'; readonly field: string; readonly value: string; readonly pattern: boolean };

interface Token {
  readonly text: string;
  readonly quoted: boolean;
}

/** @throws SyntaxError for what is no KQL, and for what the shipped objects do not use */
export function parseKql(text: string): Kql {
  const tokens = tokenize(text);
  if (tokens.length === 0) return { kind: 'all' };
  const parser = new Parser(tokens, text);
  const query = parser.readOr(undefined);
  parser.expectEnd();
  return query;
}

/** Every field that a query names. */
export function fieldsOf(query: Kql): string[] {
  switch (query.kind) {
    case 'all':
      return [];
    case 'and':
    case 'or':
      return query.parts.flatMap(fieldsOf);
    case 'not':
      return fieldsOf(query.part);
    case 'exists':
    case 'is':
      return [query.field];
  }
}

function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  const pattern = /\s*(?:"((?:[^"\\]|\\.)*)"|([():])|([^\s():"<>]+))/y;
  while (pattern.lastIndex < text.trimEnd().length) {
    const match = pattern.exec(text);
    if (match === null) throw new SyntaxError(`no KQL: ${text}`);
    const [, quoted, sign, word] = match;
    tokens.push(
      quoted === undefined
        ? { text: sign ?? word ?? '', quoted: false }
        : { text: quoted.replaceAll(/\\(.)/g, '$1'), quoted: true },
    );
  }
  return tokens;
}

class Parser {
  #at = 0;
  readonly #tokens: readonly Token[];
  readonly #text: string;

  constructor(tokens: readonly Token[], text: string) {
    this.#tokens = tokens;
    this.#text = text;
  }

  /** @param field - inside the parentheses of a field: whose values these are */
  readOr(field: string | undefined): Kql {
    return this.#readList('or', () => this.#readList('and', () => this.#readNot(field)));
  }

  expectEnd(): void {
    if (this.#at < this.#tokens.length) this.#fail();
  }

  #readList(kind: 'and' | 'or', read: () => Kql): Kql {
    const first = read();
    const parts = [first];
    while (this.#accept(kind)) parts.push(read());
    return parts.length === 1 ? first : { kind, parts };
  }

  #readNot(field: string | undefined): Kql {
    if (this.#accept('not')) return { kind: 'not', part: this.#readNot(field) };
    if (this.#accept('(')) {
      const inner = this.readOr(field);
      this.#expect(')');
      return inner;
    }
    const token = this.#next();
    if (field !== undefined) return valueOf(field, token);
    this.#expect(':');
    return this.#accept('(') ? this.#closed(this.readOr(token.text)) : valueOf(token.text, this.#next());
  }

  #closed(query: Kql): Kql {
    this.#expect(')');
    return query;
  }

  #accept(text: string): boolean {
    const token = this.#tokens[this.#at];
    if (token === undefined || token.quoted || token.text !== text) return false;
    this.#at++;
    return true;
  }

  #expect(text: string): void {
    if (!this.#accept(text)) this.#fail();
  }

  #next(): Token {
    const token = this.#tokens[this.#at++];
    if (token === undefined || (!token.quoted && /^(?:[():]|and|or|not)$/.test(token.text))) this.#fail();
    return token;
  }

  #fail(): never {
    throw new SyntaxError(`no KQL that is understood here: ${this.#text}`);
  }
}

function valueOf(field: string, { text, quoted }: Token): Kql {
  if (!quoted && text === '*') return { kind: 'exists', field };
  return { kind: 'is', field, value: text, pattern: !quoted && text.includes('*') };
}
