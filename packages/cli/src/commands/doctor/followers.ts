import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';
import { numberAt } from '../../output/document-fields.ts';
import { formatCount } from '../../output/text.ts';
import { type Finding, good, warning } from './finding.ts';

/** More entries behind than this is worth a look; a follower takes in many thousands a second. */
const MAX_LAG = 10_000;

/** What an archive's status says of those that follow the log, and of the log itself. */
export function checkFollowers(status: JsonObject): Finding[] {
  const { followers } = status;
  const findings = Object.entries(isJsonObject(followers) ? followers : {}).map(([name, follower]) => {
    const lag = lagOf(follower);
    if (lag <= MAX_LAG) return good(name, lag === 0 ? 'up to date' : `${formatCount(lag)} entries behind`);
    return warning(
      name,
      `${formatCount(lag)} entries behind the log`,
      'It catches up by itself while the service runs; if it does not, look at the service’s log.',
    );
  });
  const durable = numberAt(status, 'sizes.durable');
  const published = numberAt(status, 'sizes.published');
  if (durable !== undefined && published !== undefined && durable - published > MAX_LAG) {
    const behind = formatCount(durable - published);
    findings.push(
      warning(
        'checkpoint',
        `${behind} entries are durable and not published yet`,
        'Look for errors in the service’s log.',
      ),
    );
  }
  return findings;
}

/** What a service's status says of its anchors. */
export function checkAnchors({ anchors }: JsonObject): Finding[] {
  return Object.entries(isJsonObject(anchors) ? anchors : {}).map(([name, anchor]) => {
    const status = isJsonObject(anchor) ? anchor : {};
    const size = formatCount(numberAt(status, 'size') ?? 0);
    const lag = formatCount(numberAt(status, 'lag') ?? 0);
    const { at, behind, error } = status;
    const when = typeof at === 'string' ? ` at ${at}` : '';
    if (behind !== true) return good(`anchor ${name}`, `${size} entries${when}, ${lag} more are published`);
    const why = typeof error === 'string' ? error : 'the next one is overdue';
    return warning(
      `anchor ${name}`,
      `behind: ${size} entries${when}, ${lag} more are published; ${why}`,
      'It is tried again by itself. Try its command by hand, or look at its directory and the disk under it.',
    );
  });
}

/** A service gives the number alone, a data directory the position with it. */
function lagOf(follower: JsonValue): number {
  if (typeof follower === 'number') return follower;
  return isJsonObject(follower) ? (numberAt(follower, 'lag') ?? 0) : 0;
}
