import type { JsonObject } from '@spanledger/record';
import { gauge, type Sample } from '../gauges.ts';
import type { PollStatus } from './event-poller.ts';
import type { VerificationStatus } from './stream-verification.ts';
import type { SignalWarning } from './warning.ts';

/** How a stream of security events stands, as far as it is asked about. */
export interface StreamStatus {
  poll: PollStatus | undefined;
  verification: VerificationStatus | undefined;
}

/** The stream of a provider, for `/api/status`. */
export function describeStream({ poll, verification }: StreamStatus): JsonObject {
  return {
    ...(poll !== undefined && {
      poll: { ...time('answered', poll.answeredMs), ...reason(poll.failure) },
    }),
    ...(verification !== undefined && {
      verification: {
        ...time('verified', verification.verifiedMs),
        overdue: verification.isOverdue,
        ...reason(verification.failure),
      },
    }),
  };
}

/** What is to be told of the stream of a provider. */
export function streamWarnings(issuer: string, { poll, verification }: StreamStatus): SignalWarning[] {
  const warnings: SignalWarning[] = [];
  if (poll?.failure !== undefined) {
    warnings.push({
      code: 'signals_poll_failing',
      message: `security events of ${issuer} cannot be asked for: ${poll.failure}`,
      hint: 'It is tried again by itself; the transmitter keeps them until they are acknowledged.',
    });
  }
  if (verification?.isOverdue === true) {
    const { failure } = verification;
    warnings.push({
      code: 'signals_stream_unverified',
      message: `the stream of ${issuer} has not brought the verification that was asked for${failure === undefined ? '' : `: ${failure}`}`,
      hint: 'Is the stream enabled at the transmitter, and does it deliver to this service?',
    });
  }
  return warnings;
}

/** The same for a monitor. */
export function streamMetrics(
  streams: readonly (readonly [issuer: string, status: StreamStatus])[],
): string[] {
  const polls = streams.flatMap(([issuer, { poll }]): Sample[] =>
    poll === undefined ? [] : [[{ issuer }, poll.failure === undefined ? 1 : 0]],
  );
  const verifications = streams.flatMap(([issuer, { verification }]): Sample[] =>
    verification === undefined ? [] : [[{ issuer }, verification.isOverdue ? 0 : 1]],
  );
  return [
    ...(polls.length > 0
      ? gauge('spanledger_signals_poll_up', 'Whether the transmitter answered when it was asked last.', polls)
      : []),
    ...(verifications.length > 0
      ? gauge(
          'spanledger_signals_stream_verified',
          'Whether the stream brought the verifications that were asked for.',
          verifications,
        )
      : []),
  ];
}

function time(name: string, ms: number | undefined): JsonObject {
  return ms === undefined ? {} : { [name]: new Date(ms).toISOString() };
}

function reason(failure: string | undefined): JsonObject {
  return failure === undefined ? {} : { failure };
}
