import { readFile } from 'node:fs/promises';
import { isIP } from 'node:net';
import { hostname } from 'node:os';
import { connect } from 'node:tls';
import type { AlertTarget } from './alert-target.ts';
import type { Outcome } from './outcome.ts';
import { frameMessage, syslogMessage } from './syslog-message.ts';
import type { SyslogTarget } from './target-config.ts';

/**
 * Sends alerts as syslog over TLS. Syslog has no receipts: each message has a connection of its own, and counts as
 * delivered once the receiver has read to its end and closed it too (RFC 5425, 4.4).
 */
export function syslogTarget(config: SyslogTarget): AlertTarget {
  return {
    async send(alert, signal): Promise<Outcome> {
      const { host, port, caFile, certFile, keyFile } = config;
      const [ca, cert, key] = await Promise.all([caFile, certFile, keyFile].map(readOptional));
      const { promise, resolve, reject } = Promise.withResolvers<Outcome>();
      const socket = connect({
        host,
        port,
        minVersion: 'TLSv1.2',
        ...(isIP(host) === 0 && { servername: host }),
        ...(ca !== undefined && { ca }),
        ...(cert !== undefined && { cert }),
        ...(key !== undefined && { key }),
      });
      const abort = (): void => {
        socket.destroy(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      };
      signal.addEventListener('abort', abort, { once: true });
      let isRead = false;
      socket.once('secureConnect', () => {
        socket.end(frameMessage(syslogMessage(alert, hostname(), process.pid)));
      });
      // The receiver sends nothing, but the end is only seen by whoever reads.
      socket.resume();
      socket.once('end', () => {
        isRead = socket.writableFinished;
      });
      socket.once('error', reject);
      socket.once('close', () => {
        signal.removeEventListener('abort', abort);
        resolve(isRead ? { kind: 'delivered' } : { kind: 'failed', reason: 'closed before it was read' });
      });
      if (signal.aborted) abort();
      return promise;
    },
  };
}

async function readOptional(file: string | undefined): Promise<Buffer | undefined> {
  return file === undefined ? undefined : await readFile(file);
}
