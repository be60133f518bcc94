import { isJsonObject, type JsonObject } from '@spanledger/record';
import { numberAt } from '../../output/document-fields.ts';
import { bad, type Finding, good, warning } from './finding.ts';

const SECONDS_PER_MINUTE = 60;

/** What a service's status says of the identity providers that it hears. */
export function checkProviders({ providers }: JsonObject): Finding[] {
  return Object.entries(isJsonObject(providers) ? providers : {}).map(([issuer, provider]) => {
    const keys = isJsonObject(provider) && isJsonObject(provider['keys']) ? provider['keys'] : {};
    return { ...judgeKeys(`provider ${issuer}`, keys), ...(isJsonObject(provider) && { data: provider }) };
  });
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
