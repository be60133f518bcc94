import { type CompletenessReader, openCompleteness } from './completeness/index.ts';

/** Opens the list of producers when it is first asked for: a data directory of an older version has none yet. */
export function lazyCompleteness(options: Parameters<typeof openCompleteness>[0]): CompletenessReader {
  let opened: CompletenessReader | undefined;
  const reader = (): CompletenessReader => (opened ??= openCompleteness(options));
  return {
    name: 'completeness',
    position: () => reader().position(),
    ofSession: (session) => reader().ofSession(session),
    close: () => opened?.close(),
  };
}
