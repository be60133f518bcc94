import type { HrTime } from '@opentelemetry/api';
import { createSender, sessionAttributes, toProtobuf } from './spans.ts';

/** Makes attempts of one person to log in that fail, ten seconds apart; `from` is in seconds since the epoch. */
export function createFailedLogins(): (user: string, count: number, from?: number) => Uint8Array {
  const sender = createSender('shop');
  return (user, count, from = 1_764_000_000) =>
    toProtobuf(
      Array.from({ length: count }, (_, i) => {
        const time: HrTime = [from + 10 * i, 0];
        return sender.span({
          start: time,
          end: time,
          attributes: sessionAttributes(user, `session of ${user}`),
          events: [
            {
              name: 'oidc.authorization.failed',
              time,
              attributes: {
                'user.id': user,
                'oidc.issuer': 'https://id.example',
                'oidc.error': 'access_denied',
              },
            },
          ],
        });
      }),
    );
}
