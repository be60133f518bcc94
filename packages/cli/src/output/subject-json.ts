import type { GatheredSubject, ProvenRecord } from '../subject-records.ts';

/** What is told of an export beside the person's records. */
export interface ExportedSubject extends GatheredSubject {
  /** `audit.actor.id`. */
  reference: string;
  /** When it was made, RFC 3339. */
  made: string;
  /** The service or directory that it was made from. */
  source: string;
  vkey: string;
  /** The log's checkpoint at that time. */
  checkpoint: string;
}

/** An export as one JSON object, a part after the other; `records` are `{document, proof}`. */
export async function* subjectJson(
  about: ExportedSubject,
  records: AsyncIterable<ProvenRecord>,
): AsyncGenerator<string> {
  const { reference, names, sessions, made, source, vkey, checkpoint } = about;
  const head = {
    format: 'spanledger-subject-export/1',
    made,
    source,
    subject: { reference, names },
    log: { vkey, checkpoint },
    sessions,
  };
  yield `${JSON.stringify(head).slice(0, -1)},"records":[`;
  let separator = '\n';
  for await (const record of records) {
    yield separator + JSON.stringify(record);
    separator = ',\n';
  }
  yield '\n]}\n';
}
