/** Kinds of values that look like a person's data, or open a door. */
export type PersonalDataKind = 'email' | 'phone' | 'payment_card' | 'iban' | 'jwt';

/** Longer texts are looked at only so far: no field in the clear is longer. */
const MAX_LOOKED_AT = 4_096;

const JWT = /eyJ[\w-]{8,}\.eyJ[\w-]{8,}\.[\w-]*/;
const EMAIL = /[\p{L}\d.!#$%&'*+=?^_`{|}~-]{1,64}@[\p{L}\d-]{1,63}(?:\.[\p{L}\d-]{1,63}){0,8}\.\p{L}{2,24}/u;
/** E.164 with its plus sign, however it is divided: without one it is any number. */
const PHONE = /(?<![\w+])\+[1-9]\d{0,2}(?:[ ().-]{0,2}\d){6,12}(?![\w])/;
const IBAN = /(?<![\w])[A-Z]{2}\d{2}(?: ?[A-Z\d]{4}){2,7}(?: ?[A-Z\d]{1,3})?(?![\w])/g;
/** Neither part of a longer number nor of a name, as a UUID or a version is. */
const CARD = /(?<![\w.-])(?:\d[ -]?){12,18}\d(?![\w.-])/g;

/** What a value looks like; undefined for what looks like nothing personal. Secrets come first. */
export function recognizePersonalData(value: string): PersonalDataKind | undefined {
  const text = value.slice(0, MAX_LOOKED_AT);
  if (text.includes('eyJ') && JWT.test(text)) return 'jwt';
  if (text.includes('@') && EMAIL.test(text)) return 'email';
  if (!/\d{2}/.test(text)) return undefined;
  if (text.includes('+') && PHONE.test(text)) return 'phone';
  for (const [candidate] of text.matchAll(IBAN)) if (isIban(candidate)) return 'iban';
  for (const [candidate] of text.matchAll(CARD)) if (isCard(candidate)) return 'payment_card';
  return undefined;
}

/** ISO 13616: the remainder by 97 is 1. */
function isIban(text: string): boolean {
  const compact = text.replaceAll(' ', '');
  if (compact.length < 15 || compact.length > 34) return false;
  let remainder = 0;
  for (const character of compact.slice(4) + compact.slice(0, 4)) {
    const digits = /\d/.test(character) ? character : String(character.charCodeAt(0) - 55);
    for (const digit of digits) remainder = (remainder * 10 + Number(digit)) % 97;
  }
  return remainder === 1;
}

/** ISO/IEC 7812: the first digit is that of an industry that issues cards, and the Luhn sum ends with 0. */
function isCard(text: string): boolean {
  const digits = text.replaceAll(/\D/g, '');
  if (digits.length < 13 || digits.length > 19 || !/^[2-6]/.test(digits) || /^(\d)\1*$/.test(digits))
    return false;
  let sum = 0;
  for (let i = 0; i < digits.length; i++) {
    const digit = Number(digits[digits.length - 1 - i]);
    const doubled = i % 2 === 0 ? digit : digit * 2;
    sum += doubled > 9 ? doubled - 9 : doubled;
  }
  return sum % 10 === 0;
}
