import { access } from 'node:fs/promises';
import { type AlertDeadLetter, dataDirectory, DeliveryState } from '@spanledger/audit-exporter';
import { isJsonObject, type JsonObject } from '@spanledger/record';
import { numberAt } from '../../output/document-fields.ts';
import { formatCount } from '../../output/text.ts';
import { bad, type Finding, good, warning } from './finding.ts';

/** How many dead letters of a target are named one by one. */
const MAX_SHOWN = 20;

/** What a service's status says of the targets of alerts. */
export function checkDelivery({ alert_delivery: targets }: JsonObject): Finding[] {
  return Object.entries(isJsonObject(targets) ? targets : {}).map(([name, target]) => {
    const subject = `alerts to ${name}`;
    const status = isJsonObject(target) ? target : {};
    const waiting = formatCount(numberAt(status, 'waiting') ?? 0);
    const deadLetters = numberAt(status, 'dead_letters') ?? 0;
    const { trouble, failing_since: since } = status;
    if (typeof trouble === 'string') {
      const when = typeof since === 'string' ? ` since ${since}` : '';
      return warning(
        subject,
        `they fail${when}: ${trouble}; ${waiting} wait`,
        `It is tried again by itself. Try it by hand: spanledger alerts test ${name}`,
      );
    }
    if (deadLetters > 0) {
      return warning(
        subject,
        `it did not take ${formatCount(deadLetters)} alerts; ${waiting} wait`,
        `spanledger doctor --data names them. Once it is mended: spanledger alerts retry ${name}`,
      );
    }
    return good(subject, `${waiting} wait`);
  });
}

/** The alerts of a data directory that a target did not take. */
export async function checkAlertDeadLetters(directory: string): Promise<Finding[]> {
  const file = dataDirectory(directory).deliveryFile;
  try {
    await access(file);
  } catch {
    return [];
  }
  const state = new DeliveryState(file, true);
  try {
    return [...state.countDeadLetters()].map(([name, count]) => {
      const letters = state.deadLetters(name, MAX_SHOWN).map(describeLetter);
      const more = count > letters.length ? [`… and ${formatCount(count - letters.length)} more`] : [];
      return bad(
        `alerts to ${name}`,
        `it did not take ${formatCount(count)}: ${[...letters, ...more].join('; ')}`,
        `Mend it; spanledger alerts test ${name} tries it. Then have them sent again: spanledger alerts retry ${name}`,
      );
    });
  } finally {
    state.close();
  }
}

function describeLetter({ index, reason, isRetried }: AlertDeadLetter): string {
  return `record ${index} (${reason}${isRetried ? ', to be tried again' : ''})`;
}
