/** The cookies one person's browser holds, by origin. It knows what the demo's two servers use: values and removal. */
export class CookieJar {
  readonly #cookies = new Map<string, Map<string, string>>();

  /**
   * @param url the address that answered
   * @param headers its answer's `set-cookie` lines
   * @returns the values that were set
   */
  take(url: URL, headers: readonly string[]): string[] {
    const held = this.#cookies.get(url.origin) ?? new Map<string, string>();
    this.#cookies.set(url.origin, held);
    const values: string[] = [];
    for (const header of headers) {
      const [pair = '', ...attributes] = header.split(';');
      const [name, value] = splitOnce(pair.trim(), '=');
      if (value === '' || attributes.some(isPast)) held.delete(name);
      else {
        held.set(name, value);
        values.push(value);
      }
    }
    return values;
  }

  /** @returns the `cookie` header to send to an address, or undefined if there is nothing to send */
  show(url: URL): string | undefined {
    const held = [...(this.#cookies.get(url.origin) ?? [])];
    return held.length === 0 ? undefined : held.map(([name, value]) => `${name}=${value}`).join('; ');
  }
}

function isPast(attribute: string): boolean {
  const [name, value] = splitOnce(attribute.trim(), '=');
  return name.toLowerCase() === 'expires' && Date.parse(value) <= Date.now();
}

function splitOnce(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}
