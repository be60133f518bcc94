import { isJsonObject } from '@spanledger/record';
import type { JsonObject } from '@spanledger/record';

import type {
  HistogramInterval,
  RecordCount,
  RecordHistogram,
  SearchPage,
  SessionDetail,
  SessionsPage,
  SessionSummary,
} from './archive-types.ts';
import type { SessionStepDetail } from './archive-token-types.ts';
import { ExporterError } from './errors.ts';

/** What a service says when it does not do what it was asked. */
export interface ErrorAnswer {
  code?: string;
  message?: string;
  hint?: string;
}

/** Reads `{error:{code,message,hint}}`; whatever is not there is absent. */
export function readErrorAnswer(value: unknown): ErrorAnswer {
  const error = isJsonObject(value) ? value['error'] : undefined;
  if (!isJsonObject(error)) return {};
  return { ...optional(error, 'code'), ...optional(error, 'message'), ...optional(error, 'hint') };
}

/** @throws ExporterError `archive_refused` when the answer has another shape; so do the functions below */
export function readSearchPage(answer: JsonObject): SearchPage {
  return { records: objects(answer, 'records'), ...optional(answer, 'next'), ...answerer(answer) };
}

export function readCount(answer: JsonObject): RecordCount {
  const { exact } = answer;
  if (typeof exact !== 'boolean') return refuse('exact');
  return {
    count: count(answer, 'count'),
    exact,
    ...(!exact && { at_most: count(answer, 'at_most') }),
    ...answerer(answer),
  };
}

function answerer(answer: JsonObject): Pick<SearchPage, 'answered_by'> {
  return answer['answered_by'] === 'embedded' ? { answered_by: 'embedded' } : {};
}

export function readHistogram(answer: JsonObject, interval: HistogramInterval): RecordHistogram {
  const buckets = objects(answer, 'buckets').map((bucket) => ({
    start: text(bucket, 'start'),
    count: count(bucket, 'count'),
  }));
  return { interval, ...readCount(answer), buckets };
}

export function readSessionsPage(answer: JsonObject): SessionsPage {
  return { sessions: objects(answer, 'sessions').map(readSummary), ...optional(answer, 'next') };
}

export function readSessionDetail(answer: JsonObject): SessionDetail {
  const steps = objects(answer, 'steps').map(readStep);
  return {
    ...readSummary(answer),
    steps,
    timeline: objects(answer, 'timeline'),
    ...optional(answer, 'next'),
  };
}

function readStep(answer: JsonObject): SessionStepDetail {
  const { count: times, claimed, void: isVoid } = answer;
  return {
    step: text(answer, 'step'),
    time: text(answer, 'time'),
    record: text(answer, 'record'),
    index: count(answer, 'index'),
    ...optional(answer, 'reason'),
    ...optional(answer, 'client'),
    ...optional(answer, 'service'),
    ...optional(answer, 'acr'),
    ...optional(answer, 'auth_time'),
    ...optional(answer, 'basis'),
    ...(typeof times === 'number' && { count: times }),
    ...(claimed === true && { claimed }),
    ...(isVoid === true && { void: isVoid }),
  };
}

function readSummary(answer: JsonObject): SessionSummary {
  return {
    id: text(answer, 'id'),
    ...optional(answer, 'session_id'),
    ...optional(answer, 'user_id'),
    ...optional(answer, 'user_name'),
    client_id: texts(answer, 'client_id'),
    issuer: text(answer, 'issuer'),
    state: text(answer, 'state'),
    started: text(answer, 'started'),
    ...optional(answer, 'ended'),
    last_seen: text(answer, 'last_seen'),
    records: count(answer, 'records'),
    failures: count(answer, 'failures'),
    services: texts(answer, 'services'),
  };
}

export function optional<Name extends string>(object: JsonObject, name: Name): { [Key in Name]?: string } {
  const value = object[name];
  const found: { [Key in Name]?: string } = {};
  if (typeof value === 'string') found[name] = value;
  return found;
}

export function text(object: JsonObject, name: string): string {
  const value = object[name];
  return typeof value === 'string' ? value : refuse(name);
}

export function count(object: JsonObject, name: string): number {
  const value = object[name];
  return typeof value === 'number' ? value : refuse(name);
}

export function texts(object: JsonObject, name: string): string[] {
  return list(object, name).map((value) => (typeof value === 'string' ? value : refuse(name)));
}

export function objects(object: JsonObject, name: string): JsonObject[] {
  return list(object, name).map((value) => (isJsonObject(value) ? value : refuse(name)));
}

function list(object: JsonObject, name: string): unknown[] {
  const value = object[name];
  return Array.isArray(value) ? value : refuse(name);
}

export function refuse(name: string): never {
  throw new ExporterError('archive_refused', `The service answers without a usable '${name}'`, {
    hint: 'is this the address of a Spanledger service, and of this version?',
  });
}
