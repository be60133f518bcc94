const SLOTS = 64;

/** Finds what belongs to a name of a member where it stands in the request, without making a string of it. */
export class FieldNames<Item extends { name: Uint8Array }> {
  readonly #slots: (Item | undefined)[] = new Array<Item | undefined>(SLOTS).fill(undefined);
  #count = 0;

  /** @throws TypeError for more names than there is room for */
  add(item: Item): void {
    if (++this.#count > SLOTS / 2) throw new TypeError('too many names');
    const { name } = item;
    let slot = slotOf(name, 0, name.length);
    while (this.#slots[slot] !== undefined) slot = (slot + 1) % SLOTS;
    this.#slots[slot] = item;
  }

  /** @returns undefined for a name that nobody added */
  find(bytes: Uint8Array, start: number, end: number): Item | undefined {
    if (end - start < 2) return undefined;
    for (let slot = slotOf(bytes, start, end); ; slot = (slot + 1) % SLOTS) {
      const item = this.#slots[slot];
      if (item === undefined || isSame(item.name, bytes, start, end)) return item;
    }
  }
}

/** Names of one message differ in their length or in their second letter, nearly all of them. */
function slotOf(bytes: Uint8Array, start: number, end: number): number {
  return (end - start + 4 * (bytes[start + 1] ?? 0)) % SLOTS;
}

function isSame(name: Uint8Array, bytes: Uint8Array, start: number, end: number): boolean {
  if (name.length !== end - start) return false;
  for (let i = 0; i < name.length; i++) if (name[i] !== bytes[start + i]) return false;
  return true;
}
