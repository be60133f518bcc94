import type { Command } from 'commander';
import type { Context } from '../context.ts';
import { addExamples } from '../options.ts';
import { addSubjectErasure } from './subject-erase.ts';
import { addSubjectExport } from './subject-export.ts';

/** `spanledger subject`: everything about one person, given out or erased. */
export function addSubject(program: Command, context: Context): void {
  const command = program
    .command('subject')
    .summary('give out or erase what is known of one person')
    .description(
      'Gives out everything about one person, with proofs, and erases it without breaking a proof. A person is named as ' +
        'user.id shows it, with --issuer where several providers have one of that name, or by the reference ' +
        '(audit.actor.id).',
    )
    .enablePositionalOptions();
  addSubjectExport(command, context);
  addSubjectErasure(command, context);
  addExamples(command, [
    'spanledger subject export alice --format html --out alice.html',
    "spanledger subject erase alice --issuer https://id.example --reason 'Art. 17 request 2026-17'",
    'spanledger subject erasures --json',
  ]);
}
