/** The longest query, in UTF-16 code units. */
export const MAX_QUERY_LENGTH = 4096;

/** How deep parentheses and `not` may nest. */
export const MAX_QUERY_DEPTH = 32;

/** How many terms (values, comparisons, free text) a query may hold. */
export const MAX_QUERY_TERMS = 128;

/** How many asterisks one value may hold. */
export const MAX_WILDCARDS = 8;

/** A word of free text is cut to this many code points, in queries and in documents alike. */
export const MAX_WORD_LENGTH = 64;
