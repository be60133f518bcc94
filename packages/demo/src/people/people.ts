import type { AccountBook } from '../provider/accounts.ts';
import { REPORT_CLIENT_ID } from '../provider/clients.ts';
import type { Visit } from './browser.ts';
import { runDave, runNightlyReport } from './clients.ts';
import { runAlice, runBob, runCarol, runErin, runVisitor } from './customers.ts';
import { Person, type World } from './person.ts';

/** What each person asked the shop, by name, in order. */
export type VisitBook = ReadonlyMap<string, readonly Visit[]>;

/** The person without a name of their own. */
export const VISITOR = 'visitor';

/**
 * Lets everybody use the shop, all at the same time.
 *
 * @param accounts the passwords
 * @param reportSecret the nightly report's client secret
 * @throws Error if the shop answered anybody other than it should
 */
export async function runPeople(
  world: World,
  accounts: AccountBook,
  reportSecret: string,
): Promise<VisitBook> {
  const passwordOf = (name: string): string => accounts.get(name)?.password ?? '';
  const visits = new Map<string, readonly Visit[]>();
  const run = async (name: string, act: (person: Person) => Promise<void>): Promise<void> => {
    const person = new Person(name, world);
    await act(person);
    visits.set(name, person.shopVisits);
  };
  await Promise.all([
    run('alice', (alice) => runAlice(alice, passwordOf('alice'))),
    run('bob', (bob) => runBob(bob, passwordOf('bob'))),
    run('carol', runCarol),
    run('dave', (dave) => runDave(dave, passwordOf('dave'))),
    run('erin', (erin) => runErin(erin, passwordOf('erin'))),
    run(REPORT_CLIENT_ID, (report) => runNightlyReport(report, reportSecret)),
    run(VISITOR, runVisitor),
  ]);
  return visits;
}
