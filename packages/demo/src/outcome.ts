import { connectArchive, type SessionDetail, type SessionSummary } from '@spanledger/audit-exporter';
import { verifyLedger, type VerificationReport } from '@spanledger/ledger/verify';
import { checkRequests } from './crossing-check.ts';
import { checkExpectations, searchAll, type CheckedExpectation, type Trail } from './expectation-check.ts';
import { expectRecords } from './expectations.ts';
import type { VisitBook } from './people/people.ts';
import type { Progress } from './progress.ts';
import { readText } from './record-fields.ts';
import type { Stage } from './stage.ts';

/** What the demo has to show. */
export interface Outcome {
  /** True only if every expectation is met, every record they name verifies, and the ledger does. */
  readonly ok: boolean;
  readonly checks: readonly CheckedExpectation[];
  readonly sessions: readonly SessionSummary[];
  /** Alice's session, from login to logout. */
  readonly session: SessionDetail | undefined;
  readonly report: VerificationReport;
  /** What the shop's own exporter sent meanwhile. */
  readonly telemetry: { readonly requests: number; readonly sizeBytes: number };
}

/** How long records may take from the shop's spool through the ledger into the index. */
const ARRIVAL_DEADLINE_MS = 20_000;
const MAX_SESSIONS = 50;

/** Waits for the records, checks them, and verifies the whole ledger as anybody could. */
export async function gatherOutcome(
  stage: Stage,
  visits: VisitBook,
  progress: Progress,
  signal: AbortSignal,
): Promise<Outcome> {
  const archive = connectArchive(stage.exporter.url);
  try {
    const trail: Trail = { archive, scope: `service.node.name:"${stage.instanceId}"` };
    const checks = await progress.step(
      'waiting for the records, and verifying each that was expected',
      async () => {
        const expected = await checkExpectations(trail, expectRecords(visits), ARRIVAL_DEADLINE_MS, signal);
        return [...expected, ...checkRequests(await searchAll(trail, ''))];
      },
      (all) => `${all.filter(isMet).length} of ${all.length} expectations met`,
    );
    const report = await progress.step(
      'verifying the whole ledger',
      async () => verifyLedger({ source: archive.tiles, vkey: await archive.vkey(), signal }),
      ({ verified, size }) => `${verified} of ${size} entries verified`,
    );
    const { sessions } = await archive.sessions({ query: trail.scope, limit: MAX_SESSIONS });
    const [login] = await searchAll(trail, 'event.action:oidc.session.started and user.id:alice');
    const session =
      login === undefined ? undefined : await archive.session(readText(login, 'audit.session.id'));
    const telemetry = stage.telemetry.counts();
    return { ok: report.ok && checks.every(isMet), checks, sessions, session, report, telemetry };
  } finally {
    await archive.close();
  }
}

/** @returns whether an expectation has no problem */
export function isMet(check: CheckedExpectation): boolean {
  return check.problems.length === 0;
}
