import { isJsonObject, type JsonObject } from '@spanledger/record';
import { numberAt, textAt } from '../../output/document-fields.ts';
import { printable } from '../../output/text.ts';
import { bad, type Finding, good, warning } from './finding.ts';

/** What a witness says only where the log is not the one that it knew. */
const CONTRADICTIONS: ReadonlySet<string> = new Set(['contradicted', 'log_behind', 'proof_refused']);

/** How it stands with the witnesses of a service, by its status; nothing if it has none. */
export function checkWitnesses(status: JsonObject): Finding[] {
  const signed = numberAt(status, 'witnesses.signed');
  const quorum = numberAt(status, 'witnesses.quorum');
  const witnesses = isJsonObject(status['witnesses']) ? status['witnesses']['of'] : undefined;
  if (signed === undefined || quorum === undefined || !Array.isArray(witnesses)) return [];
  const summary = `${signed} of ${witnesses.length} signed the checkpoint, ${quorum} are demanded`;
  return [
    signed >= quorum
      ? good('witnesses', summary)
      : warning(
          'witnesses',
          summary,
          'See below which do not sign, and why: docs/errors.md, WitnessFailureCode.',
        ),
    ...witnesses.filter(isJsonObject).flatMap(describeFailure),
  ];
}

function describeFailure(witness: JsonObject): Finding[] {
  const failure = textAt(witness, 'failure');
  if (failure === undefined) return [];
  const what = printable(`${textAt(witness, 'name') ?? '(no name)'}: ${failure}`);
  return [
    CONTRADICTIONS.has(failure)
      ? bad(
          'witness',
          what,
          'This log is not the one that the witness knew: find out why before anything else.',
        )
      : warning('witness', what, 'docs/errors.md says what each code means and what to do about it.'),
  ];
}
