import type { Alert, Severity } from './alert.ts';
import { alertHeadline, oneLine } from './alert-text.ts';

/** RFC 5425, 4.3.1: what a receiver should be able to take. */
const MAX_MESSAGE_BYTES = 8192;

/** RFC 5424, 6.2.1: `log audit`. */
const FACILITY = 13;

/** RFC 5424, 6.2.1: critical, error, warning, notice; what is over is a notice too. */
const SEVERITY_NUMBERS: Readonly<Record<Severity, number>> = { critical: 2, high: 3, medium: 4, low: 5 };
const NOTICE = 5;

/** Structured data wants a private enterprise number; this one is set aside for documents and the like (RFC 5612). */
const SD_ID = 'spanledger@32473';

const MAX_HOST_LENGTH = 255;
const MAX_PARAM_LENGTH = 256;
const MAX_TEXT_LENGTH = 2_000;

/** UTF-8 that is not all ASCII begins with this (RFC 5424, 6.4). */
const BYTE_ORDER_MARK = '\uFEFF';

/**
 * An alert as a syslog message, RFC 5424, section 6.
 *
 * @param host whose message it is
 * @param pid the process id
 */
export function syslogMessage(alert: Alert, host: string, pid: number): Buffer {
  const severity = alert.action === 'raised' ? SEVERITY_NUMBERS[alert.severity] : NOTICE;
  const header = [
    `<${FACILITY * 8 + severity}>1`,
    timestamp(alert.at),
    headerValue(host, MAX_HOST_LENGTH),
    'spanledger',
    String(pid),
    `alert.${alert.action}`,
  ].join(' ');
  const params = [
    ['recordId', alert.recordId],
    ['alertId', alert.id],
    ['rule', alert.rule],
    ['severity', alert.severity],
    ['action', alert.action],
    ['count', String(alert.count)],
    ...[...alert.details]
      .filter(([name]) => name !== 'message' && name !== 'audit.record.id')
      .map(([name, value]) => [name, value]),
  ].map(([name = '', value = '']) => ` ${name}="${paramValue(value)}"`);
  const told = [alertHeadline(alert), alert.details.get('message') ?? alert.description];
  const text = oneLine(told.filter((part) => part !== '').join(': '), MAX_TEXT_LENGTH);
  const mark = isAscii(text) ? '' : BYTE_ORDER_MARK;
  return cutBytes(Buffer.from(`${header} [${SD_ID}${params.join('')}] ${mark}${text}`), MAX_MESSAGE_BYTES);
}

/** RFC 5425, 4.3: the length in octets, a space, the message. */
export function frameMessage(message: Buffer): Buffer {
  return Buffer.concat([Buffer.from(`${message.length} `), message]);
}

/** At most six fraction digits (RFC 5424, 6.2.3); the nil value where there is none. */
function timestamp(text: string): string {
  const cutText = text.replace(/(\.\d{6})\d+/, '$1');
  return /^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}(\.\d{1,6})?(Z|[+-]\d{2}:\d{2})$/.test(cutText) ? cutText : '-';
}

/** Printable ASCII without spaces; the nil value where nothing is left. */
function headerValue(text: string, maxLength: number): string {
  const plain = text.replaceAll(/[^\x21-\x7e]/g, '').slice(0, maxLength);
  return plain === '' ? '-' : plain;
}

/** RFC 5424, 6.3.3: a quote, a backslash and a closing bracket are escaped. */
function paramValue(text: string): string {
  return oneLine(text, MAX_PARAM_LENGTH).replaceAll(/["\\\]]/g, '\\$&');
}

function isAscii(text: string): boolean {
  return /^[\x20-\x7e]*$/.test(text);
}

/** Cuts between characters. */
function cutBytes(bytes: Buffer, maxBytes: number): Buffer {
  if (bytes.length <= maxBytes) return bytes;
  let end = maxBytes;
  while (end > 0 && ((bytes[end] ?? 0) & 0xc0) === 0x80) end--;
  return bytes.subarray(0, end);
}
