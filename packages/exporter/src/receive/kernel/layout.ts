/**
 * Where things are in the kernel's memory, in bytes. Both sides of it read this file, TypeScript and AssemblyScript: it
 * holds plain numbers only, which mean the same to both.
 */

/** Pages of 64 KiB that the memory has: it never grows. */
export const MEMORY_PAGES = 344;

/** Spans that one run writes before its groups are committed to and it is taken out. */
export const MAX_RUN = 512;

/**
 * What is known of the span that was found last: its number (f64), its key (trace id and span id), its record's id, where its
 * values begin and end.
 */
export const NUMBER_AT = 65_536;
export const SPAN_KEY_AT = 65_544;
export const RECORD_ID_AT = 65_568;
export const VALUES_AT = 66_560;
/** Where its keys begin, and how long they are. */
export const KEYS_AT = 67_584;

/** What a record needs that its span does not say: references of actor and session, and the producer's stream id. */
export const ACTOR_AT = 68_608;
export const SESSION_AT = 68_640;
export const REFERENCE_BYTES = 22;
export const STREAM_AT = 68_672;
export const MAX_STREAM_BYTES = 128;

/** The second that was met last, as RFC 3339 has it up to the point. */
export const SECOND_AT = 68_992;
export const SECOND_BYTES = 20;

/** Where attributes of OTLP/JSON that were written end, and how many they are. */
export const JSON_RESULT_AT = 69_016;
export const JSON_OUT = 0;
export const JSON_COUNT = 4;

/** How each group of commitments begins in what is stored and in what is hashed: address and length, twice. */
export const GROUPS_AT = 69_120;
export const GROUP_BYTES = 16;

/** Of each record of a run: where it ends, where the ledger has its place, and where its opened groups end. */
export const RESULTS_AT = 69_632;
export const RESULT_BYTES = 12;

/** Groups of a run that are committed to: what is hashed in two pieces (address and length each), and where it goes. */
export const JOBS_AT = 81_920;
export const JOB_BYTES = 20;
/** Jobs in the order of their length; behind them those that are too long for the kernel. */
export const ORDER_AT = 131_072;

/** Salts of a run. */
export const SALTS_AT = 147_456;
export const SALT_BYTES = 16;

/** Where four messages are hashed side by side. */
export const HASH_AT = 180_224;

/** The first shape, and the first template, of each hash. */
export const SHAPE_HEADS_AT = 196_608;
export const TEMPLATE_HEADS_AT = 212_992;
export const HEADS = 4_096;

/** Shapes and templates. */
export const TABLES_AT = 1_048_576;
export const TABLES_END = 9_437_184;

/** The part of a request that is being read. */
export const REQUEST_AT = 9_437_184;
export const REQUEST_BYTES = 2_097_152;

/** Records of a run, and their opened groups; behind each there is room for a vector. */
export const ENTRIES_AT = 11_534_400;
export const ENTRIES_END = 15_728_640;
export const OPENINGS_AT = 15_728_704;
export const OPENINGS_END = 20_971_456;

/** References of parties by their names: a power of two of places, each for one name of so many bytes at the most. */
export const PARTIES_AT = 20_971_520;
export const PARTIES = 16_384;
export const PARTY_BYTES = 96;
export const PARTY_LENGTH = 4;
export const PARTY_NAME = 8;
export const MAX_PARTY_NAME_BYTES = 64;
export const PARTY_REFERENCE = 72;

/** Members of a shape: an order of keys under which spans of one kind came. */
export const SHAPE_KIND = 4;
export const SHAPE_COUNT = 8;
export const SHAPE_NUMBER = 12;
export const SHAPE_FIXED_COUNT = 16;
export const SHAPE_FIXED = 20;
export const SHAPE_KEYS = 24;
/** Who names the user, and who the client; {@link NO_ATTRIBUTE} where nobody does. */
export const SHAPE_USER = 28;
export const SHAPE_CLIENT = 32;
export const SHAPE_BYTES = 36;

/** Members of a template; its groups are two numbers each, of which group and by which program. */
export const TEMPLATE_CONTEXT = 4;
export const TEMPLATE_TRAITS = 8;
export const TEMPLATE_SHAPE = 12;
export const TEMPLATE_FIXED = 16;
export const TEMPLATE_SIZE = 20;
export const TEMPLATE_UNWRITTEN = 24;
export const TEMPLATE_RECORD = 28;
export const TEMPLATE_GROUP_COUNT = 32;
export const TEMPLATE_GROUPS = 36;
/** Its parties: who names them, 0 where there is no such party, and by which attribute, {@link NO_ATTRIBUTE} for a fixed one. */
export const TEMPLATE_ACTOR = 60;
export const TEMPLATE_SESSION = 68;
export const TEMPLATE_BYTES = 76;
export const NO_ATTRIBUTE = 0xffffffff;

/** A step of a program: what to do, with what, and how long that is. */
export const STEP_BYTES = 12;

/** What writing a span may come to. */
export const WRITTEN = 1;
export const UNFIT = 0;
export const FULL = 2;
export const UNKNOWN_PARTY = 3;
