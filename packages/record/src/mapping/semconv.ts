import type { OtlpAttributes, OtlpValue } from '../span.ts';
import { isInbound } from './kind.ts';

/** Stable attributes that one attribute of an older semantic convention stands for. */
type Translation = (value: OtlpValue, kind: number) => readonly (readonly [string, OtlpValue])[];

const renamed =
  (name: string): Translation =>
  (value) => [[name, value]];

/** The other side of the call: the client to a server, the server to a client. */
const peer =
  (field: 'address' | 'port'): Translation =>
  (value, kind) => [[isInbound(kind) ? `client.${field}` : `server.${field}`, value]];

/** Names before HTTP semantic conventions 1.23, which many instrumentations still write. */
const LEGACY = new Map<string, Translation>([
  ['deployment.environment', renamed('deployment.environment.name')],
  ['http.client_ip', renamed('client.address')],
  ['http.flavor', renamed('network.protocol.version')],
  ['http.host', host],
  ['http.method', renamed('http.request.method')],
  ['http.request_content_length', renamed('http.request.body.size')],
  ['http.response_content_length', renamed('http.response.body.size')],
  ['http.scheme', renamed('url.scheme')],
  ['http.server_name', renamed('server.address')],
  ['http.status_code', renamed('http.response.status_code')],
  ['http.target', target],
  ['http.url', renamed('url.full')],
  ['http.user_agent', renamed('user_agent.original')],
  ['net.host.name', renamed('server.address')],
  ['net.host.port', renamed('server.port')],
  ['net.peer.ip', renamed('network.peer.address')],
  ['net.peer.name', peer('address')],
  ['net.peer.port', peer('port')],
  ['net.protocol.name', renamed('network.protocol.name')],
  ['net.protocol.version', renamed('network.protocol.version')],
  ['net.sock.host.addr', renamed('network.local.address')],
  ['net.sock.host.port', renamed('network.local.port')],
  ['net.sock.peer.addr', renamed('network.peer.address')],
  ['net.sock.peer.port', renamed('network.peer.port')],
]);

/** What becomes of an attribute's name, as far as that does not depend on its value. */
export interface NameTranslation {
  /** The stable name; undefined where the value is taken apart. */
  name: string | undefined;
}

/**
 * How an attribute of an older convention is translated; undefined for any other.
 *
 * @param kind - `SpanKind`; 0 for a resource.
 */
export function translationOf(key: string, kind: number): NameTranslation | undefined {
  const translation = LEGACY.get(key);
  if (translation === undefined) return undefined;
  if (translation === host || translation === target) return { name: undefined };
  return { name: translation('', kind)[0]?.[0] };
}

/**
 * Attributes under their stable names. Where a stable name has another value already, the older attribute is kept
 * as it is, so that nothing is lost; where it has the same, the older one is left out.
 *
 * @param kind - `SpanKind`, which decides who the peer is; 0 for a resource.
 * @returns The same map where nothing is to be translated.
 */
export function stableAttributes(attributes: OtlpAttributes, kind: number): OtlpAttributes {
  const legacy: [string, OtlpValue, Translation][] = [];
  for (const [key, value] of attributes) {
    const translation = LEGACY.get(key);
    if (translation !== undefined) legacy.push([key, value, translation]);
  }
  if (legacy.length === 0) return attributes;
  const stable = new Map(attributes);
  for (const [key] of legacy) stable.delete(key);
  for (const [key, value, translation] of legacy) {
    const translated = translation(value, kind);
    let fits = translated.length > 0;
    for (const [name, is] of translated) fits &&= !stable.has(name) || stable.get(name) === is;
    if (!fits) stable.set(key, value);
    else for (const [name, is] of translated) stable.set(name, is);
  }
  return stable;
}

function target(value: OtlpValue): [string, OtlpValue][] {
  if (typeof value !== 'string') return [];
  const mark = value.indexOf('?');
  if (mark < 0) return [['url.path', value]];
  return [
    ['url.path', value.slice(0, mark)],
    ['url.query', value.slice(mark + 1)],
  ];
}

function host(value: OtlpValue): [string, OtlpValue][] {
  const parts = typeof value === 'string' ? /^(\[[^\]]+\]|[^:]+):(\d{1,5})$/.exec(value) : null;
  if (parts?.[1] === undefined || parts[2] === undefined) return [['server.address', value]];
  return [
    ['server.address', parts[1]],
    ['server.port', Number(parts[2])],
  ];
}
