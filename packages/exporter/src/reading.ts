import type { FastifyRequest } from 'fastify';

/** What somebody was shown of the archive. */
export interface Reading {
  what:
    'attempts' | 'count' | 'histogram' | 'record' | 'records' | 'session' | 'sessions' | 'token' | 'tokens';
  /** The record or session that was asked for. */
  id?: string | undefined;
  /** The query, as it was asked. */
  query?: string | undefined;
  /** How many opened records the answer shows. */
  records: number;
  /** How many the answer says there are, where it shows none of them. */
  counted?: number | undefined;
}

/**
 * Notes who is shown what. The answer waits for it, and is not given if it rejects: what cannot be recorded is not read.
 *
 * @throws ExporterError `service_busy`
 */
export type NoteReading = (request: FastifyRequest, reading: Reading) => Promise<void>;
