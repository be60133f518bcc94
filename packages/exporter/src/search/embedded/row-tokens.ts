import type { JsonObject, Openings } from '@spanledger/record';

import type { BlindKey } from '../../blind-key.ts';
import { DocumentTokenizer } from './document-tokens.ts';
import { TOKEN_SHAPELESS } from './tokens.ts';

/** What the index stores of a record, token by token. */
export interface RowTokens {
  /** All but the one of the shape; as often as they stand in the row's text. */
  tokens: readonly string[];
  /** The token of the shape, or of no shape of its own; absent where the record has more tokens than are kept. */
  shape: string | undefined;
}

/** Makes the tokens of records that were indexed before, whatever was indexed before them. */
export class RowTokenizer {
  readonly #key: BlindKey;
  readonly #tokenizer: DocumentTokenizer;

  constructor(key: BlindKey) {
    this.#key = key;
    this.#tokenizer = new DocumentTokenizer(key);
  }

  /** @param openings - opened groups that `document` does not hold */
  tokensOf(document: JsonObject, openings?: Openings): RowTokens {
    const known = this.#tokenizer.tokenize(document, openings);
    // One that has met nothing else has room for every field of one record.
    const { text, shape } =
      known.shape?.token === TOKEN_SHAPELESS
        ? new DocumentTokenizer(this.#key).tokenize(document, openings)
        : known;
    const tokens = text.split(' ');
    return { tokens: shape === undefined ? tokens : tokens.slice(0, -1), shape: shape?.token };
  }
}
