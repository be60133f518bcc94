/** Steps of a `Program`. Those from {@link STEP_ANY} on take the number of an attribute as their argument. */
export const STEP_LITERAL = 0;
export const STEP_TIMESTAMP = 1;
export const STEP_DURATION = 2;
export const STEP_RECORD_ID = 3;
export const STEP_TRACE_ID = 4;
export const STEP_SPAN_ID = 5;
export const STEP_PARENT_ID = 6;
export const STEP_STREAM_ID = 7;
export const STEP_NUMBER = 8;
export const STEP_ACTOR = 9;
export const STEP_SESSION = 10;
/** Its argument is the number of the group in `COMMITMENT_GROUPS`. */
export const STEP_COMMITMENT = 11;
export const STEP_HOLE = 12;
export const STEP_NAME = 13;
export const STEP_MESSAGE = 14;
export const STEP_ANY = 15;
export const STEP_TEXT = 16;
export const STEP_SHORT = 17;
export const STEP_INTEGER = 18;
export const STEP_TIME = 19;
export const STEP_LIST = 20;
