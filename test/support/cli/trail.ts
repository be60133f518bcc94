import type { Service } from '@spanledger/audit-exporter';
import { createSender, toProtobuf } from '../exporter/spans.ts';
import {
  hasCaughtUp,
  makeDataDirectory,
  sendTraces,
  startTestService,
  waitFor,
} from '../exporter/service.ts';

/** A running service with a small trail in it, and its data directory. */
export interface TestTrail {
  service: Service;
  directory: string;
  /** Sends one more request of a person. */
  visit: (user: string, status?: number) => Promise<void>;
  /** Waits until all that was sent can be found. */
  settled: () => Promise<void>;
  remove: () => Promise<void>;
}

/** Alice logs in and makes two calls, the second of which is refused; Bob makes one. */
export async function makeTrail(): Promise<TestTrail> {
  const scratch = await makeDataDirectory();
  const service = await startTestService(scratch.path);
  const sender = createSender('shop');
  const visit = async (user: string, status = 200, login = false): Promise<void> => {
    const session = {
      'session.id': `sid-${user}`,
      'user.id': user,
      'oidc.client_id': 'shop-web',
      'oidc.issuer': 'https://id.example',
    };
    const span = sender.span({
      attributes: {
        ...session,
        'http.request.method': 'GET',
        'http.route': '/orders/:id',
        'url.path': '/orders/7',
        'http.response.status_code': status,
        'oidc.scope': ['openid', 'orders:read'],
      },
      events: login ? [{ name: 'oidc.session.started', attributes: session }] : [],
    });
    const response = await sendTraces(service.url, toProtobuf([span]));
    if (response.status !== 200) throw new Error(`the service answered ${response.status}`);
  };
  const settled = (): Promise<void> => waitFor('the index', () => hasCaughtUp(service));
  await visit('alice', 200, true);
  await visit('alice', 403);
  await visit('bob');
  await settled();
  return {
    service,
    directory: scratch.path,
    visit,
    settled,
    remove: async () => {
      await service.close();
      await scratch.remove();
    },
  };
}
