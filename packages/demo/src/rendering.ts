import { renderReport, renderSessions, renderTimeline, type Paint } from 'spanledger/output';
import type { CheckedExpectation } from './expectation-check.ts';
import { suggestCommands } from './next-commands.ts';
import type { DemoOptions } from './options.ts';
import { isMet, type Outcome } from './outcome.ts';
import type { Stage } from './stage.ts';

/**
 * @param paint colours what is good or bad, or leaves it plain
 * @returns everything as text for a terminal
 */
export function renderOutcome(options: DemoOptions, stage: Stage, outcome: Outcome, paint: Paint): string {
  const { checks, sessions, session, report, telemetry } = outcome;
  const met = checks.filter(isMet).length;
  const commands = suggestCommands(options, stage, outcome);
  return [
    section(`The sessions found: ${sessions.length}`, renderSessions(sessions, { paint })),
    section(
      'One of them, from login to logout',
      session === undefined ? 'not found\n' : renderTimeline(session),
    ),
    section(
      `What was expected: ${met} of ${checks.length}`,
      checks.map((check) => renderCheck(check, paint)).join(''),
    ),
    section('The ledger, verified as anybody can', renderReport(report, { paint })),
    `\nThe shop's own telemetry, beside it: ${telemetry.requests} export requests, ${telemetry.sizeBytes} bytes.\n`,
    ...(commands.length === 0 ? [] : [section('Try next, from another terminal', indent(commands))]),
    closing(options),
  ].join('');
}

/** @returns the same as one JSON object */
export function renderJson(options: DemoOptions, stage: Stage, outcome: Outcome): string {
  const { ok, checks, sessions, session, report, telemetry } = outcome;
  const shown = {
    ok,
    url: stage.exporter.url,
    data: options.data === undefined ? null : stage.directory,
    instance: stage.instanceId,
    expectations: checks.map((check) => ({ ...check, ok: isMet(check) })),
    sessions,
    session: session ?? null,
    report,
    telemetry: { requests: telemetry.requests, size_bytes: telemetry.sizeBytes },
    commands: suggestCommands(options, stage, outcome),
  };
  return `${JSON.stringify(shown)}\n`;
}

function renderCheck(check: CheckedExpectation, paint: Paint): string {
  const proved = check.verified === 0 ? '' : `, ${check.verified} verified`;
  const mark = isMet(check) ? paint('good', '✓') : paint('bad', '✗');
  const line = `  ${mark} ${check.name} (${check.found} found${proved})\n`;
  return line + check.problems.map((problem) => `      ${problem}\n`).join('');
}

function section(title: string, body: string): string {
  return `\n${title}\n${'─'.repeat(title.length)}\n${body}`;
}

function closing({ once, data }: DemoOptions): string {
  if (!once) return '\nServing until Ctrl-C.\n';
  return data === undefined
    ? '\nNothing of this was kept. --data DIR keeps it; without --once it goes on serving.\n'
    : '';
}

function indent(lines: readonly string[]): string {
  return lines.map((line) => `  ${line}\n`).join('');
}
