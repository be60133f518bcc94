import { pino, type DestinationStream, type Logger } from 'pino';
import { ExporterError } from './errors.ts';
import type { LogFormat, LogLevel } from './config/index.ts';

const STDERR = 2;
const LEVEL_NAMES: Readonly<Record<number, string>> = {
  10: 'trace',
  20: 'debug',
  30: 'info',
  40: 'warn',
  50: 'error',
  60: 'fatal',
};

/** Fields that the one-line form leaves out or shows by other means. */
const PLAIN_FIELDS = new Set(['level', 'time', 'msg', 'reqId', 'err', 'req']);

/** How a log is set up. */
export interface LogOptions {
  level: LogLevel;
  format: LogFormat;
  /** Where the lines go; default: stderr. */
  destination?: DestinationStream;
  /** Whether the destination is a terminal; decides what `auto` means. */
  isTerminal?: boolean;
}

/**
 * Makes the service's log. No line holds a person's data or a secret: of a request only method and route are shown, of
 * an error its code, message and stack, never what it carries besides.
 */
export function createLog(options: LogOptions): Logger {
  const destination = options.destination ?? pino.destination({ fd: STDERR, sync: true });
  const isTerminal = options.isTerminal ?? process.stderr.isTTY;
  const lines = options.format === 'line' || (options.format === 'auto' && isTerminal);
  return pino(
    {
      level: options.level,
      base: null,
      serializers: { err: describeError, req: describeRequest, res: () => undefined },
    },
    lines ? asLines(destination) : destination,
  );
}

/** What the log says of an error and of those underneath it. */
function describeError(error: unknown): Record<string, unknown> {
  if (!(error instanceof Error)) return { message: typeof error };
  const code = 'code' in error && typeof error.code === 'string' ? error.code : undefined;
  return {
    name: error.name,
    message: error.message,
    ...(code !== undefined && { code }),
    ...(error instanceof ExporterError && error.hint !== undefined && { hint: error.hint }),
    ...(error instanceof ExporterError ? {} : { stack: error.stack }),
    ...(error.cause instanceof Error && { cause: describeError(error.cause) }),
  };
}

/** A path may name a person's session or carry a query; the route says which page it was. */
function describeRequest(request: unknown): Record<string, unknown> {
  if (typeof request !== 'object' || request === null) return {};
  const method = 'method' in request ? request.method : undefined;
  const route =
    'routeOptions' in request && typeof request.routeOptions === 'object' && request.routeOptions !== null
      ? request.routeOptions
      : {};
  return { method, route: 'url' in route ? route.url : undefined };
}

/** One line for people: `12:34:56.789 warn  message field=value`. */
function asLines(destination: DestinationStream): DestinationStream {
  return {
    write(text: string) {
      destination.write(formatLine(text));
    },
  };
}

function formatLine(text: string): string {
  const entry: unknown = JSON.parse(text);
  if (typeof entry !== 'object' || entry === null) return text;
  const fields = new Map<string, unknown>(Object.entries(entry));
  const time = new Date(Number(fields.get('time'))).toISOString().slice('yyyy-mm-ddT'.length, -1);
  const level = LEVEL_NAMES[Number(fields.get('level'))] ?? 'log';
  const rest = [...fields]
    .filter(([name]) => !PLAIN_FIELDS.has(name))
    .map(([name, value]) => ` ${name}=${typeof value === 'string' ? value : JSON.stringify(value)}`);
  const message = fields.get('msg');
  return `${time} ${level.padEnd(5)} ${typeof message === 'string' ? message : ''}${rest.join('')}${errorSuffix(fields.get('err'))}\n`;
}

function errorSuffix(error: unknown): string {
  if (typeof error !== 'object' || error === null) return '';
  const { code, message, hint, cause } = Object.fromEntries(Object.entries(error));
  const parts = [code, message].filter((part) => typeof part === 'string').join(': ');
  return ` (${parts}${typeof hint === 'string' ? `. ${hint}` : ''}${errorSuffix(cause)})`;
}
