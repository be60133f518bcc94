// The package runs wherever TextEncoder and TextDecoder do, and takes its types from no runtime: hence these two.
interface Utf8Encoder {
  encode(text: string): Uint8Array;
  encodeInto(text: string, target: Uint8Array): { read: number; written: number };
}
interface Utf8Decoder {
  decode(bytes: Uint8Array): string;
}
declare const TextEncoder: new () => Utf8Encoder;
declare const TextDecoder: new (
  label: string,
  options: { fatal: boolean; ignoreBOM: boolean },
) => Utf8Decoder;

/** UTF-8 out. Lone surrogates would become U+FFFD: callers check first. */
export const utf8Encoder: Utf8Encoder = new TextEncoder();

/** UTF-8 in: throws a TypeError at the first byte that is not valid, and keeps a byte order mark as U+FEFF. */
export const utf8Decoder: Utf8Decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });
