import { goProgram } from '../../support/go/go-program.ts';
import { runProgram } from '../../support/go/run-program.ts';

/**
 * Asks a Go program that answers each line with a line.
 *
 * @throws Error if it ends before it has answered all
 */
export async function ask(program: string, questions: readonly string[]): Promise<string[]> {
  const input = questions.map((line) => `${line}\n`).join('');
  const { status, stdout, stderr } = await runProgram(await goProgram(program), [], input);
  const answers = stdout.split('\n').slice(0, -1);
  if (status === 0 && answers.length === questions.length) return answers;
  throw new Error(`${program} gave ${answers.length} of ${questions.length} answers: ${stderr}`);
}
