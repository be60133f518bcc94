import { createConnection } from 'node:net';
import { connectArchive, isLoopback } from '@spanledger/audit-exporter';
import { answers } from '../../connection.ts';
import type { Credentials } from '../../credentials.ts';
import { describeError } from '../../failure.ts';
import { formatCount } from '../../output/text.ts';
import { numberAt } from '../../output/document-fields.ts';
import { checkDelivery } from './delivery.ts';
import { checkElasticsearch } from './elasticsearch.ts';
import { bad, type Finding, good, warning } from './finding.ts';
import { checkAnchors, checkFollowers } from './followers.ts';
import { checkProviders } from './providers.ts';
import { checkRetention } from './retention.ts';
import { checkWitnesses } from './witnesses.ts';

const CONNECT_TIMEOUT_MS = 1500;

/** Whether something else sits on the port that the service would listen at. */
export async function checkPort(url: string, credentials: Credentials): Promise<Finding> {
  const { hostname, port } = new URL(url);
  if (await answers(url, credentials)) return good('port', `${port} is the service’s`);
  if (await isTaken(hostname, Number(port))) {
    return bad(
      'port',
      `${port} is taken by something that is no Spanledger`,
      'spanledger serve --port takes another.',
    );
  }
  return good('port', `${port} is free`);
}

/** Asks the service on this machine how it is; it may not have been started yet. */
export async function checkService(url: string, credentials: Credentials): Promise<Finding[]> {
  if (await answers(url, credentials)) return askService(url, credentials);
  return [warning('service', `none answers at ${url}`, 'Start it with: spanledger serve')];
}

/** Asks the service that somebody named how it is; it ought to answer. */
export async function checkNamedService(url: string, credentials: Credentials): Promise<Finding[]> {
  if (await answers(url, credentials)) return askService(url, credentials);
  if (!URL.canParse(url)) return [bad('service', `${url} is no address`, 'Correct --url or SPANLEDGER_URL.')];
  const host = new URL(url).hostname.replace(/^\[|\]$/g, '');
  const fix = isLoopback(host)
    ? 'Start it with: spanledger serve. Or correct the address.'
    : `Check the address, whether ${host} can be reached from here (network, proxy, firewall, TLS), and whether the service runs there and listens beyond its own machine.`;
  return [bad('service', `none answers at ${url}`, fix)];
}

async function askService(url: string, credentials: Credentials): Promise<Finding[]> {
  const archive = connectArchive(url, credentials);
  try {
    const status = await archive.status();
    const published = numberAt(status, 'sizes.published') ?? 0;
    return [
      good('service', `${url}, ${formatCount(published)} entries published`),
      ...checkFollowers(status),
      ...checkWitnesses(status),
      ...checkAnchors(status),
      ...checkElasticsearch(status),
      ...checkDelivery(status),
      ...checkProviders(status),
      ...checkRetention(status),
    ];
  } catch (error) {
    const { message, hint } = describeError(error);
    return [bad('service', message, hint ?? 'Look at the service’s log.')];
  } finally {
    await archive.close();
  }
}

function isTaken(host: string, port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const socket = createConnection({
      host: host.replace(/^\[|\]$/g, ''),
      port,
      timeout: CONNECT_TIMEOUT_MS,
    });
    const answer = (taken: boolean): void => {
      socket.destroy();
      resolve(taken);
    };
    socket.once('connect', () => {
      answer(true);
    });
    socket.once('timeout', () => {
      answer(false);
    });
    socket.once('error', () => {
      answer(false);
    });
  });
}
