import type { SessionCompletenessAnswer } from '@spanledger/audit-exporter';
import { plain, type RenderOptions } from './paint.ts';
import { formatCount, printable } from './text.ts';

type Producer = SessionCompletenessAnswer['producers'][number];
type Hole = Producer['holes'][number];

/** How much of what comes from outside is shown. */
const MAX_NAME_SHOWN = 64;

const TAILS: Readonly<Record<Producer['tail'], string>> = {
  continued: 'its producer went on',
  ended: 'its producer went on, and ended',
  open: 'nothing of its producer since: what it has not sent yet is not known',
  silent: 'nothing of its producer since, which is silent and did not end: its last spans may be missing',
  unknown: 'its producer is not remembered any more',
};

/** Whether all of a session is in the log, and what is not. */
export function renderCompleteness(
  answer: SessionCompletenessAnswer,
  { paint = plain }: RenderOptions = {},
): string {
  const { session, complete, producers, unnumbered, position } = answer;
  const verdict = complete ? paint('good', 'COMPLETE') : paint('bad', 'NOT COMPLETE');
  const lines = [
    `${verdict}  session ${session}, in the first ${formatCount(position)} records of the log`,
    ...(producers.length === 0 ? ['', 'No producer numbered any span of it: nothing can be proven.'] : []),
    ...(unnumbered > 0
      ? [
          '',
          `${formatCount(unnumbered)} records are of producers that do not number: of these nothing can be proven.`,
        ]
      : []),
    ...producers.flatMap(describeProducer),
  ];
  return `${lines.map(printable).join('\n')}\n`;
}

function describeProducer(producer: Producer): string[] {
  const {
    stream_id: streamId,
    service = 'unknown service',
    first,
    last,
    records,
    tail,
    holes,
    exact,
  } = producer;
  return [
    '',
    `${service.slice(0, MAX_NAME_SHOWN)}, producer ${streamId.slice(0, MAX_NAME_SHOWN)}: numbers ${first} to ${last}, ${formatCount(records)} records`,
    ...holes.map((hole) => `  missing ${describeHole(hole)}`),
    ...(exact ? [] : ['  more may be missing: the numbers are not remembered exactly any more']),
    `  after ${last}: ${TAILS[tail]}`,
  ];
}

function describeHole({ from, to, explained }: Hole): string {
  const numbers = from === to ? `${from}` : `${from}–${to}`;
  if (explained === undefined) return `${numbers}: no record says why`;
  const { by, reason, index } = explained;
  return by === 'lost'
    ? `${numbers}: its producer lost them${reason === undefined ? '' : ` (${reason})`}, record ${index}`
    : `${numbers}: found missing, record ${index}`;
}
