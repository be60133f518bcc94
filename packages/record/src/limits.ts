/** Every maximum of a record. What is over one is cut, and `audit.truncated` names the field. */

/** Nesting of a record or document, counted from its outermost object. */
export const MAX_JSON_DEPTH = 64;

/** Nesting of one attribute's value; what lies deeper becomes {@link CUT_MARK}. */
export const MAX_VALUE_DEPTH = 16;

/** UTF-16 code units of one committed string. */
export const MAX_STRING_LENGTH = 16_384;

/** UTF-16 code units of one string in the clear. */
export const MAX_CLEAR_STRING_LENGTH = 1_024;

/** UTF-16 code units of an attribute's key. */
export const MAX_KEY_LENGTH = 256;

/** Attributes of one span, event or nested map. */
export const MAX_ATTRIBUTES = 512;

/** Items of one committed list. */
export const MAX_LIST_LENGTH = 512;

/** Items of one list in the clear. */
export const MAX_CLEAR_LIST_LENGTH = 128;

/** Canonical bytes of one opened group. */
export const MAX_GROUP_BYTES = 65_535;

/** Stands at the end of a cut string, and in place of what was nested too deep. */
export const CUT_MARK = '…';
