import type { JsonObject } from '@spanledger/record';

import type { Asker, Erasure, Hold } from './subjects/index.ts';

/** Whom something is about. */
export interface SubjectName {
  /** `sub`, as `user.id` shows it, or the subject's reference (`audit.actor.id`). */
  id: string;
  /** `iss`; without it the id must be of one issuer only. */
  issuer?: string | undefined;
}

/** What is to be held; exactly one of the members says what. */
export interface HoldRequest {
  subject?: SubjectName | undefined;
  /** `audit.session.id`, or the `sid` of the provider. */
  session?: string | undefined;
  query?: string | undefined;
  /** RFC 3339 or the beginning of it; from the first up to, not including, the second. */
  time?: { from?: string | undefined; to?: string | undefined } | undefined;
  reason: string;
}

/** What proves to the person and to anybody else that a subject was erased. */
export interface ErasureCertificate {
  erasure: Erasure;
  /** Of the log. */
  origin: string;
  vkey: string;
  /** The record of the erasure: what the ledger holds, with `audit.integrity.hash`. */
  record: JsonObject;
  /** The tlog-proof of that record. */
  proof: string;
}

/** Where erasures and legal holds are asked for. */
export interface PrivacyDesk {
  /** @returns the subject's reference, `audit.actor.id`; throws ExporterError `not_found`, `request_malformed` */
  findSubject(subject: SubjectName): Promise<string>;
  /** @throws ExporterError `not_found`, `legal_hold`, `erasure_refused`, `permission_denied` */
  requestErasure(subject: SubjectName, reason: string, asker?: Asker): Promise<Erasure>;
  /** @throws as {@link PrivacyDesk.requestErasure} */
  approveErasure(id: string, asker?: Asker): Promise<Erasure>;
  /** @throws ExporterError `not_found`, `erasure_refused` */
  withdrawErasure(id: string): Promise<Erasure>;
  erasures(): Promise<Erasure[]>;
  /** @throws ExporterError `not_found` */
  erasure(id: string): Promise<Erasure>;
  /** @throws ExporterError `not_found`; `erasure_refused` before it is completed */
  certificate(id: string): Promise<ErasureCertificate>;
  /** @throws ExporterError `not_found`, `request_malformed`; QueryError */
  addHold(hold: HoldRequest, asker?: Asker): Promise<Hold>;
  holds(): Promise<Hold[]>;
  /** @throws ExporterError `not_found`, `erasure_refused` */
  releaseHold(id: string, reason: string, asker?: Asker): Promise<Hold>;
}
