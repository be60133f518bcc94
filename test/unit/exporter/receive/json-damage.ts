/** Where something stands in a text. */
export interface Place {
  start: number;
  end: number;
}

/** Where the parts of a JSON text are. */
export interface JsonParts {
  /** Values of members and items of lists, whatever is in them. */
  values: Place[];
  names: Place[];
  members: Member[];
}

/** A member of an object, and its name as it is written. */
export interface Member extends Place {
  name: string;
}

/** Values that are hardly ever where they belong, and those at the end of what belongs there. */
export const ODD_VALUES: readonly string[] = String.raw`
  null true false 0 -0 -1 1.0 0.0 5e0 1e3 1e400 -1E-7 01 -01 1. .5 - + 1e 1e+ 0x10 NaN Infinity nul truefalse
  4294967295 4294967296 999999999999999 1000000000000000 9007199254740991 9007199254740993 -9007199254740993
  12345678901234567890 99999999999999999999 100000000000000000000 9223372036854775807 9223372036854775808
  -9223372036854775808 -9223372036854775809 18446744073709551615 18446744073709551616
  "9223372036854775807" "9223372036854775808" "-9223372036854775808" "-9223372036854775809" "1" "-1" "-" "+1"
  "18446744073709551615" "18446744073709551616" "-0" "007" "00000000000000000001" "000000000000000000001" "1.5" "1e3"
  "NaN" "Infinity" "-Infinity" "nan" " NaN" "" "AA==" "AA" "A" "-_8" "*" "AA=A" "\u0041A" "\/w==" "x" "\x" "\u12" "\u00g0"
  "\ud800" "\udc00\ud800" "\ud83d\ude00" "\uD83D\uDE00" "\ud83dx" "\ud83d\n" "\ud83d\u0041" "\ude00" "\u00e9\u20ac\n\/\\\""
  "\u0000" "a\tb" "\u007f" "\"" "00000000000000000000000000000000" "0000000000000000" "0AF7651916CD43DD8448EB211C80319C"
  "b7ad6b716920333" "b7ad6b7169203331" "b7ad6b71692033310" "B7AD6B716920333\u0031" "b7ad6b716920333g" "b7ad6b716920333é"
  {} [] [null] [[]] [{}] [{},{}] [1,] {"a":{}} {"a":1,} {,} {"a"} {a:1} {"\ud800":"\ud800"} {"later":"\x"}
  {"stringValue":"a","intValue":"1"} {"stringValue":null,"intValue":"1"} {"stringValue":"a","later":1}
  {"stringValue":"a","stringValue":"b"} {"stringValue":"a","stringValue":null} {"stringValue":"a",} {"stringValue":"a"]
  {"intValue":"1","stringValue":"a"} {"intValue":"1","doubleValue":"x"} {"stringValue":"a","later":"\x"}
  {"arrayValue":{"values":[null,{}]}} {"arrayValue":{"values":{}}} {"arrayValue":null} {"arrayValue":{}} {"kvlistValue":{}}
  {"kvlistValue":{"values":[{"key":"__proto__","value":{"intValue":1}},{}]}} {"kvlistValue":{"values":[{"key":"a"},{"key":"a"}]}}
  {"bytesValue":"AA=="} {"bytesValue":"\/w=="} {"bytesValue":"*"} {"boolValue":"true"} {"doubleValue":"0x10"}
  {"doubleValue":1e400} {"doubleValue":-0} {"doubleValue":123456789012345678901234567890} {"intValue":1.5} {"intValue":-0}
  {"key":"k","value":null} {"value":{"stringValue":"v"},"key":"k"} {"key":"k","key":"l"} {"key":"k","value":{},"value":{}}
  {"key":"k","value":{"stringValue":"a"},"key":"l"} {"key":"k","value":{"stringValue":"a"},"later":0} {"\u006bey":"k"}
  {"key":"k","value":{"stringValue":"a"},} {"key":"k",} {"key":"k"] {"key":null} {"code":2,"message":"m","later":[]}`
  .trim()
  // A tabulator cannot stand in text but as itself.
  .concat(' "a\u0009b"')
  .split(/ +|\n */)
  .filter((value) => value !== '');

/** Finds the parts of a text that is valid JSON. */
export function partsOf(text: string): JsonParts {
  const parts: JsonParts = { values: [], names: [], members: [] };
  const open: { start: number; isObject: boolean; member: number; name: string }[] = [];
  const endValue = (start: number, end: number): void => {
    parts.values.push({ start, end });
    const around = open.at(-1);
    if (around?.isObject === true) parts.members.push({ start: around.member, end, name: around.name });
  };
  for (const { 0: token, index: start } of text.matchAll(/"(?:[^"\\]|\\.)*"|[{}[\]:,]|[^\s{}[\]:,"]+/g)) {
    const end = start + token.length;
    const around = open.at(-1);
    if (token === '{' || token === '[') open.push({ start, isObject: token === '{', member: -1, name: '' });
    else if (token === '}' || token === ']') {
      open.pop();
      endValue(around?.start ?? 0, end);
    } else if (token === ',' && around !== undefined) around.member = -1;
    else if (token === ':') continue;
    else if (around?.isObject === true && around.member < 0) {
      around.member = start;
      around.name = token;
      parts.names.push({ start, end });
    } else endValue(start, end);
  }
  return parts;
}

/** The value of an attribute, in so many lists and maps. */
export function deepValue(levels: number, isList: (level: number) => boolean): string {
  if (levels === 0) return '{"intValue":"1"}';
  const inner = deepValue(levels - 1, isList);
  return isList(levels)
    ? `{"arrayValue":{"values":[${inner}]}}`
    : `{"kvlistValue":{"values":[{"key":"k","value":${inner}}]}}`;
}

export function put(text: string, { start, end }: Place, by: string): string {
  return text.slice(0, start) + by + text.slice(end);
}

export function insert(text: string, at: number, what: string): string {
  return text.slice(0, at) + what + text.slice(at);
}

export function textAt(text: string, { start, end }: Place): string {
  return text.slice(start, end);
}
