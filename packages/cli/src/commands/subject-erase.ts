import { setTimeout as delay } from 'node:timers/promises';
import {
  ExporterError,
  type Erasure,
  type ErasureCertificate,
  type PrivacyDesk,
} from '@spanledger/audit-exporter';
import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples, addServiceOptions, type SourceOptions } from '../options.ts';
import { renderCertificate, renderErasure, renderErasures } from '../output/erasures.ts';
import { renderJsonLine } from '../output/json.ts';
import { openDesk } from '../service-access.ts';

const POLL_MS = 200;

interface EraseOptions extends SourceOptions {
  issuer?: string;
  reason: string;
  wait: boolean;
}

/** `spanledger subject erase`, `approve`, `withdraw`, `erasures` and `certificate`. */
export function addSubjectErasure(subject: Command, context: Context): void {
  const erase = subject
    .command('erase')
    .summary('erase a person (GDPR, Art. 17)')
    .description(
      'Asks for everything about a person to be erased. Somebody of another role approves it (privacy.four_eyes), and the ' +
        'service then does it to the end, whatever happens meanwhile: it destroys the person’s key, and takes what is ' +
        'known of them out of every index. The records and all proofs stay. It cannot be undone.',
    )
    .argument('<id>', 'the person: user.id, or audit.actor.id')
    .option('--issuer <url>', 'the provider that knows the person by this name (iss)')
    .requiredOption('--reason <text>', 'why: the number of a request, say; it must not name the person')
    .option('--no-wait', 'do not wait until it is done');
  addExamples(addServiceOptions(erase), [
    "spanledger subject erase alice --issuer https://id.example --reason 'Art. 17 request 2026-17'",
  ]).action((id: string, options: EraseOptions) => requestErasure(id, options, context));

  const approve = subject
    .command('approve')
    .summary('approve an erasure that somebody else asked for')
    .description('Approves an erasure that somebody of another role asked for, and waits until it is done.')
    .argument('<erasure>', 'the erasure’s id')
    .option('--no-wait', 'do not wait until it is done');
  addExamples(addServiceOptions(approve), ['spanledger subject approve 3f9k2m1x0a4b']).action(
    (id: string, options: EraseOptions) => approveErasure(id, options, context),
  );

  const withdraw = subject
    .command('withdraw')
    .summary('give up an erasure that nobody has approved')
    .description('Gives up an erasure that was asked for and that nobody has approved yet.')
    .argument('<erasure>', 'the erasure’s id');
  addExamples(addServiceOptions(withdraw), ['spanledger subject withdraw 3f9k2m1x0a4b']).action(
    async (id: string, options: SourceOptions) => {
      const desk = await openDesk(options, context);
      show(await desk.withdrawErasure(id), options, context);
    },
  );

  const erasures = subject
    .command('erasures')
    .summary('list erasures and how far they are')
    .description('Lists the erasures that were asked for, and how far each is.');
  addExamples(addServiceOptions(erasures), [
    'spanledger subject erasures',
    'spanledger subject erasures --json | jq .state',
  ]).action((options: SourceOptions) => listErasures(options, context));

  const certificate = subject
    .command('certificate')
    .summary('print what proves an erasure')
    .description(
      'Prints the certificate of an erasure: what was erased, by whom it was asked for and approved, and the proof that ' +
        'the record of it is in the log.',
    )
    .argument('<erasure>', 'the erasure’s id');
  addExamples(addServiceOptions(certificate), [
    'spanledger subject certificate 3f9k2m1x0a4b',
    'spanledger subject certificate 3f9k2m1x0a4b --json > certificate.json',
  ]).action(async (id: string, options: SourceOptions) => {
    const desk = await openDesk(options, context);
    showCertificate(await desk.certificate(id), options, context);
  });
}

async function requestErasure(id: string, options: EraseOptions, context: Context): Promise<void> {
  const { issuer, reason } = options;
  const desk = await openDesk(options, context);
  const erasure = await desk.requestErasure({ id, ...(issuer !== undefined && { issuer }) }, reason);
  await follow(desk, erasure, options, context);
}

async function approveErasure(id: string, options: EraseOptions, context: Context): Promise<void> {
  const desk = await openDesk(options, context);
  await follow(desk, await desk.approveErasure(id), options, context);
}

/** Waits until what was begun is done, and shows its certificate. */
async function follow(
  desk: PrivacyDesk,
  begun: Erasure,
  options: EraseOptions,
  context: Context,
): Promise<void> {
  if (begun.state !== 'running' || !options.wait) {
    show(begun, options, context);
    return;
  }
  const signal = context.untilInterrupted();
  let erasure = begun;
  while (erasure.state === 'running') {
    await delay(POLL_MS, undefined, { signal }).catch(() => undefined);
    if (signal.aborted) {
      context.err(`It goes on by itself: spanledger subject certificate ${begun.id}\n`);
      return;
    }
    erasure = await desk.erasure(begun.id);
  }
  if (erasure.state === 'held') {
    show(erasure, options, context);
    return;
  }
  showCertificate(await publishedCertificate(desk, begun.id), options, context);
}

/** The record of an erasure is published within a second. */
async function publishedCertificate(desk: PrivacyDesk, id: string): Promise<ErasureCertificate> {
  for (let left = 50; ; left--) {
    try {
      return await desk.certificate(id);
    } catch (error) {
      if (!(error instanceof ExporterError && error.code === 'not_found') || left === 0) throw error;
    }
    await delay(POLL_MS);
  }
}

async function listErasures(options: SourceOptions, context: Context): Promise<void> {
  const erasures = await (await openDesk(options, context)).erasures();
  if (options.json === true) for (const erasure of erasures) context.out(renderJsonLine(erasure));
  else context.out(renderErasures(erasures, context.paint));
}

function show(erasure: Erasure, { json }: SourceOptions, context: Context): void {
  context.out(json === true ? renderJsonLine(erasure) : renderErasure(erasure));
}

function showCertificate(certificate: ErasureCertificate, { json }: SourceOptions, context: Context): void {
  context.out(json === true ? renderJsonLine(certificate) : renderCertificate(certificate));
}
