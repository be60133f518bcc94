/** Ends the writing of a request that is for the way of objects, whether it is malformed or only unusual. */
export class UnusualJson extends Error {
  override readonly name = 'UnusualJson';
}
