import { hash } from 'node:crypto';

import { ExporterError } from './errors.ts';

/** What a cursor says: where a page ended. */
export interface CursorPlace {
  /** The question that the page answered; a cursor fits no other. */
  question: string;
  /** Ledger index of the last record that was looked at. */
  after: number;
}

const CURSOR = /^1\.([0-9a-f]{16})\.(\d{1,16})$/;

/** Makes an opaque cursor: nothing in it is secret, nothing in it is for clients to read. */
export function encodeCursor({ question, after }: CursorPlace): string {
  return Buffer.from(`1.${digest(question)}.${after}`).toString('base64url');
}

/**
 * Reads a cursor.
 *
 * @param question - the question that is asked now
 * @returns the ledger index where the page before ended
 * @throws ExporterError `cursor_invalid`
 */
export function decodeCursor(cursor: string, question: string): number {
  const parts = CURSOR.exec(Buffer.from(cursor, 'base64url').toString('latin1'));
  const after = Number(parts?.[2]);
  if (parts?.[1] === digest(question) && Number.isSafeInteger(after)) return after;
  throw new ExporterError('cursor_invalid', 'The cursor does not belong to this question', {
    hint: 'pass `next` of the page before, with the same query and order, or leave the cursor out',
  });
}

function digest(question: string): string {
  return hash('sha256', question).slice(0, 16);
}
