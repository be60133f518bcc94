import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';
import { numberAt } from '../../output/document-fields.ts';
import { bad, type Finding, good, warning } from './finding.ts';

const SECONDS_PER_MINUTE = 60;

/** What a service's status says of the identity providers that it hears. */
export function checkProviders({ providers }: JsonObject): Finding[] {
  return Object.entries(isJsonObject(providers) ? providers : {}).flatMap(([issuer, provider]) => {
    const { keys, poll, verification } = isJsonObject(provider) ? provider : {};
    return [
      { ...judgeKeys(`provider ${issuer}`, isJsonObject(keys) ? keys : {}), data: { provider } },
      ...judgeStream(`security events of ${issuer}`, poll, verification),
    ];
  });
}

function judgeStream(
  subject: string,
  poll: JsonValue | undefined,
  verification: JsonValue | undefined,
): Finding[] {
  const findings: Finding[] = [];
  if (isJsonObject(poll)) {
    const { answered, failure } = poll;
    findings.push(
      typeof failure === 'string'
        ? warning(subject, failure, 'Check ssf.poll; the transmitter is asked again by itself.')
        : good(subject, typeof answered === 'string' ? `asked for last at ${answered}` : 'are asked for'),
    );
  }
  if (isJsonObject(verification)) {
    const { overdue, verified } = verification;
    const last =
      typeof verified === 'string' ? `verified last at ${verified}` : 'the stream was not verified yet';
    const fix = 'See at the transmitter whether the stream is enabled and where it delivers to.';
    findings.push(overdue === true ? warning(subject, last, fix) : good(subject, last));
  }
  return findings;
}

function judgeKeys(subject: string, keys: JsonObject): Finding {
  const { failure, fetched } = keys;
  const minutes = Math.round((numberAt(keys, 'age_seconds') ?? 0) / SECONDS_PER_MINUTE);
  const age =
    typeof fetched === 'string' ? `its keys are ${minutes} minutes old` : 'its keys were never fetched';
  const reason = typeof failure === 'string' ? `: ${failure}` : '';
  const fix = 'See to it that the service’s machine reaches the provider; it is asked again by itself.';
  if (keys['usable'] !== true) return bad(subject, `${age}; what it tells is turned away${reason}`, fix);
  if (keys['stale'] === true) return warning(subject, `${age}, and used all the same${reason}`, fix);
  return good(subject, age);
}
