import type {
  OtlpAttributes,
  OtlpEvent,
  OtlpLink,
  OtlpSpan,
  OtlpSpanGroup,
  OtlpValue,
} from '@spanledger/record';

/** A number from 0 to below `count`. */
export type Draw = (count: number) => number;

/** Draws that follow from a seed. */
export function drawFrom(seed: number): Draw {
  let state = seed >>> 0;
  return (count) => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return Math.floor((state / 2 ** 32) * count);
  };
}

/**
 * Writes spans as OTLP/JSON, as one sender or the other may: members in any order, spaces, escapes, integers with and
 * without quotes, fields that nobody knows, what is empty left out, `null`, or written.
 *
 * @param draw - decides each time; one that always gives 0 writes as the SDK for JavaScript does
 */
export function writeJson(groups: readonly OtlpSpanGroup[], draw: Draw): string {
  return new JsonText(draw).request(groups);
}

type Member = readonly [name: string, value: string];

const BASE64 = /^(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=)?$/;
const SPACES = [' ', '\n  ', '\t', '\r\n'];
const UNKNOWN: readonly Member[] = [
  ['later', '[{"a":{"b":[1,-2.5e+3,true,null]}},"\\ud800"]'],
  ['x', '-0.0'],
  ['KEY', 'false'],
  ['__proto__', '{"name":7}'],
  ['', '{}'],
];

class JsonText {
  readonly #draw: Draw;

  constructor(draw: Draw) {
    this.#draw = draw;
  }

  request(groups: readonly OtlpSpanGroup[]): string {
    return (
      this.#space() +
      this.#object([['resourceSpans', this.#list(groups, this.#resourceSpans)]]) +
      this.#space()
    );
  }

  readonly #resourceSpans = ({ resource, resourceNotes, scope, spans }: OtlpSpanGroup): string =>
    this.#object([
      [
        'resource',
        this.#object([
          this.#attributes(resource),
          ...this.#count('droppedAttributesCount', resourceNotes?.droppedAttributes),
        ]),
      ],
      [
        'scopeSpans',
        this.#list([spans], (all) =>
          this.#object([
            [
              'scope',
              this.#object([
                ...this.#text('name', scope.name),
                ...this.#text('version', scope.version),
                ...(scope.attributes === undefined ? [] : [this.#attributes(scope.attributes)]),
                ...this.#count('droppedAttributesCount', scope.droppedAttributes),
              ]),
            ],
            ['spans', this.#list(all, this.#span)],
            ...this.#text('schemaUrl', scope.schemaUrl),
          ]),
        ),
      ],
      ...this.#text('schemaUrl', resourceNotes?.schemaUrl),
    ]);

  readonly #span = (span: OtlpSpan): string =>
    this.#object([
      ['traceId', this.#id(span.traceId)],
      ['spanId', this.#id(span.spanId)],
      ...this.#text('traceState', span.traceState),
      ...this.#parent(span.parentSpanId),
      ...this.#text('name', span.name),
      ...this.#count('kind', span.kind),
      ['startTimeUnixNano', this.#integer(span.startTimeUnixNano)],
      ['endTimeUnixNano', this.#integer(span.endTimeUnixNano)],
      this.#attributes(span.attributes),
      ...this.#count('droppedAttributesCount', span.droppedAttributes),
      ...this.#lists('events', span.events, this.#event),
      ...this.#count('droppedEventsCount', span.droppedEvents),
      [
        'status',
        this.#object([
          ...this.#count('code', span.status.code),
          ...this.#text('message', span.status.message),
        ]),
      ],
      ...this.#lists('links', span.links ?? [], this.#link),
      ...this.#count('droppedLinksCount', span.droppedLinks),
      ...this.#count('flags', span.flags),
    ]);

  readonly #event = (event: OtlpEvent): string =>
    this.#object([
      ['timeUnixNano', this.#integer(event.timeUnixNano)],
      ...this.#text('name', event.name),
      this.#attributes(event.attributes),
      ...this.#count('droppedAttributesCount', event.droppedAttributes),
    ]);

  readonly #link = (link: OtlpLink): string =>
    this.#object([
      ...this.#parent(link.traceId, 'traceId'),
      ...this.#parent(link.spanId, 'spanId'),
      ...this.#text('traceState', link.traceState),
      this.#attributes(link.attributes),
      ...this.#count('droppedAttributesCount', link.droppedAttributes),
      ['flags', this.#integer(257)],
    ]);

  #attributes(attributes: OtlpAttributes): Member {
    return ['attributes', this.#list([...attributes], this.#pair)];
  }

  readonly #pair = ([key, value]: readonly [string, OtlpValue]): string =>
    this.#object([
      ['key', this.#string(key)],
      ['value', this.#value(value)],
    ]);

  readonly #value = (value: OtlpValue): string => {
    if (value === null) return this.#draw(4) === 3 ? 'null' : this.#object([]);
    if (typeof value === 'boolean') return this.#object([['boolValue', String(value)]]);
    if (typeof value === 'bigint') return this.#object([['intValue', this.#integer(value)]]);
    if (typeof value === 'number') return this.#object([this.#number(value)]);
    if (typeof value === 'string') {
      if (value !== '' && BASE64.test(value) && this.#draw(3) === 2) {
        const text =
          this.#draw(2) === 0 ? value : value.replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '');
        // Text whose last digit says more than bytes do is no bytes.
        if (Buffer.from(value, 'base64').toString('base64') === value)
          return this.#object([['bytesValue', JSON.stringify(text)]]);
      }
      return this.#object([['stringValue', this.#string(value)]]);
    }
    if (Array.isArray(value)) {
      const values = this.#lists('values', value, this.#value);
      return this.#object([['arrayValue', this.#object(values)]]);
    }
    const values = this.#lists('values', Object.entries(value), this.#pair);
    return this.#object([['kvlistValue', this.#object(values)]]);
  };

  #number(value: number): Member {
    if (!Number.isFinite(value)) return ['doubleValue', JSON.stringify(String(value))];
    if (Number.isSafeInteger(value) && !Object.is(value, -0) && this.#draw(3) < 2)
      return ['intValue', this.#integer(value)];
    const texts = Object.is(value, -0) ? ['-0', '-0.0'] : [String(value), value.toExponential()];
    return ['doubleValue', this.#pick(texts)];
  }

  #integer(value: number | bigint): string {
    return this.#draw(2) === 0 ? `"${value}"` : String(value);
  }

  #count(name: string, count: number | undefined): Member[] {
    if (count !== undefined && count > 0) return [[name, String(count)]];
    return this.#pick<Member[]>([[[name, '0']], [], [[name, 'null']]]);
  }

  #text(name: string, text: string | undefined): Member[] {
    if (text !== undefined && text !== '') return [[name, this.#string(text)]];
    return this.#pick<Member[]>([[], [[name, '""']], [[name, 'null']]]);
  }

  #parent(id: string, name = 'parentSpanId'): Member[] {
    if (id !== '') return [[name, this.#id(id)]];
    const zero = '0'.repeat(name === 'traceId' ? 32 : 16);
    return this.#pick<Member[]>([[], [[name, '""']], [[name, `"${zero}"`]], [[name, 'null']]]);
  }

  #lists<Item>(name: string, items: readonly Item[], write: (item: Item) => string): Member[] {
    if (items.length > 0) return [[name, this.#list(items, write)]];
    return this.#pick<Member[]>([[[name, '[]']], [], [[name, 'null']]]);
  }

  #id(hex: string): string {
    return `"${this.#draw(3) === 2 ? hex.toUpperCase() : hex}"`;
  }

  /** Escapes what has to be, and now and then what need not be. */
  #string(text: string): string {
    const plain = JSON.stringify(text);
    const style = this.#draw(8);
    if (style === 7) return `"${Array.from(text, (letter) => this.#escape(letter)).join('')}"`;
    return style === 6 ? plain.replaceAll('/', '\\/') : plain;
  }

  #escape(letter: string): string {
    if (this.#draw(2) === 0) return JSON.stringify(letter).slice(1, -1);
    return letter
      .split('')
      .map((unit) => {
        const hex = unit.charCodeAt(0).toString(16).padStart(4, '0');
        return `\\u${this.#draw(2) === 0 ? hex : hex.toUpperCase()}`;
      })
      .join('');
  }

  #object(members: readonly Member[]): string {
    const all = [...members];
    if (this.#draw(40) === 39) all.push(this.#pick(UNKNOWN));
    if (this.#draw(8) === 7) all.sort(() => this.#draw(3) - 1);
    return this.#within(
      '{',
      all.map(([name, value]) => `"${name}"${this.#space()}:${this.#space()}${value}`),
      '}',
    );
  }

  #list<Item>(items: readonly Item[], write: (item: Item) => string): string {
    return this.#within('[', items.map(write), ']');
  }

  #within(open: string, items: readonly string[], close: string): string {
    const inner = items.map((item) => this.#space() + item + this.#space()).join(',');
    return open + (items.length === 0 ? this.#space() : inner) + close;
  }

  #space(): string {
    return this.#draw(60) === 59 ? this.#pick(SPACES) : '';
  }

  #pick<Item>(items: readonly [Item, ...Item[]] | readonly Item[]): Item {
    const item = items[this.#draw(items.length)];
    if (item === undefined) throw new TypeError('nothing to pick from');
    return item;
  }
}
