import { memberOf } from '../../attach/global-api.ts';

/** An error with the words of the provider, if it is one that node-oauth makes of an answer: `{ statusCode, data }`. */
export function answeredError(error: unknown): unknown {
  const data = memberOf(error, 'data');
  if (typeof data !== 'string') return error;
  try {
    const answer: unknown = JSON.parse(data);
    return typeof memberOf(answer, 'error') === 'string' ? answer : error;
  } catch {
    return error;
  }
}
