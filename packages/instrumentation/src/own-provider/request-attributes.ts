import type { IncomingMessage } from 'node:http';
import { TLSSocket } from 'node:tls';
import type { Attributes } from '@opentelemetry/api';
import { memberOf } from '../attach/global-api.ts';

/**
 * A request in the words of OpenTelemetry's semantic conventions. The client's address is the one that a proxy in front
 * names, as the OpenTelemetry instrumentation of `node:http` has it; the peer's is the one of the connection.
 *
 * @param request - As the application gets it.
 */
export function requestAttributes(request: IncomingMessage): Attributes {
  const { socket, headers } = request;
  const [path, query] = splitOnce(request.url ?? '', '?');
  const [host, port] = hostOf(headers.host);
  return {
    'http.request.method': request.method ?? '_OTHER',
    'url.scheme': socket instanceof TLSSocket ? 'https' : 'http',
    'url.path': path,
    'url.query': query,
    'server.address': host,
    'server.port': port ?? socket.localPort,
    'network.protocol.version': request.httpVersion,
    'network.peer.address': socket.remoteAddress,
    'network.peer.port': socket.remotePort,
    'client.address': forwardedFor(headers['x-forwarded-for']) ?? socket.remoteAddress,
    'user_agent.original': headers['user-agent'],
  };
}

/** The route's pattern, where a framework has left it on the request: Express, and what is built on its router. */
export function routeOf(request: IncomingMessage): string | undefined {
  const path = memberOf(memberOf(request, 'route'), 'path');
  if (typeof path !== 'string') return undefined;
  const base = memberOf(request, 'baseUrl');
  return typeof base === 'string' ? base + path : path;
}

function splitOnce(text: string, separator: string): [string, string | undefined] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, undefined] : [text.slice(0, at), text.slice(at + 1)];
}

function hostOf(header: string | undefined): [string | undefined, number | undefined] {
  if (header === undefined || !URL.canParse(`http://${header}`)) return [undefined, undefined];
  const { hostname, port } = new URL(`http://${header}`);
  return [hostname, port === '' ? undefined : Number(port)];
}

function forwardedFor(header: string | string[] | undefined): string | undefined {
  const first = (Array.isArray(header) ? header[0] : header)?.split(',')[0]?.trim();
  return first === '' ? undefined : first;
}
