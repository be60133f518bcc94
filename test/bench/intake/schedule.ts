import type { Socket } from 'node:net';
import { setTimeout as delay } from 'node:timers/promises';
import { openConnection, post, type RequestAnswer } from './connection.ts';
import type { FreshBody, RequestBatch } from './requests.ts';

/** How long after its last request a schedule waits for answers. */
const GRACE_MS = 10_000;
/** Shorter waits are not worth a timer. */
const MIN_WAIT_MS = 1;

/** What is sent when, whether the ones before have been answered or not. */
export interface Schedule {
  port: number;
  batch: RequestBatch;
  /** Per second. */
  spansPerSecond: number;
  seconds: number;
  /** At most so many requests are under way; the next ones wait, and their time counts from when they were due. */
  maxConnections: number;
}

/** A request that was answered. */
export interface AnsweredRequest extends RequestAnswer, Pick<FreshBody, 'spans' | 'streamIds'> {
  /** From when it was due until it was answered. */
  latencyMs: number;
  /** Since the beginning of the schedule. */
  atMs: number;
}

/** What came of a schedule. */
export interface ScheduleResult {
  answered: AnsweredRequest[];
  /** Requests that were due and found no connection, or whose answer had not come in 10 s after the last was due. */
  late: number;
}

/** Sends requests at a steady rate. A side that takes fewer is not asked less: that shows in the latencies, and in what is late. */
export async function sendOnSchedule(schedule: Schedule): Promise<ScheduleResult> {
  const { port, batch, spansPerSecond, seconds, maxConnections } = schedule;
  const idle: Socket[] = [];
  const all = new Set<Socket>();
  const answered: AnsweredRequest[] = [];
  const due: number[] = [];
  let [underWay, sent] = [0, 0];
  const begin = performance.now();

  const sendOne = async (dueAt: number): Promise<void> => {
    underWay++;
    try {
      const socket = idle.pop() ?? (await openConnection(port));
      all.add(socket);
      const { bytes, spans, streamIds } = batch.renewOne(sent++);
      const answer = await post(socket, batch.headers, bytes);
      const now = performance.now();
      answered.push({ ...answer, spans, streamIds, latencyMs: now - dueAt, atMs: now - begin });
      idle.push(socket);
    } catch {
      // Nobody can say what became of it: it counts among the late ones.
    } finally {
      underWay--;
      sendDue();
    }
  };
  const sendDue = (): void => {
    while (underWay < maxConnections) {
      const dueAt = due.shift();
      if (dueAt === undefined) return;
      void sendOne(dueAt);
    }
  };

  const spansPerRequest = batch.spans / batch.requests;
  const gapMs = (1000 * spansPerRequest) / spansPerSecond;
  const requests = Math.floor((seconds * 1000) / gapMs);
  for (let request = 0; request < requests; request++) {
    const dueAt = begin + request * gapMs;
    const waitMs = dueAt - performance.now();
    if (waitMs > MIN_WAIT_MS) await delay(waitMs);
    due.push(dueAt);
    sendDue();
    // Answers are read between two requests, however late it is.
    if (waitMs <= MIN_WAIT_MS) await new Promise(setImmediate);
  }
  // What had no turn by now has none.
  due.length = 0;
  const deadline = performance.now() + GRACE_MS;
  while (underWay > 0 && performance.now() < deadline) await delay(10);
  for (const socket of all) socket.destroy();
  return { answered: [...answered], late: requests - answered.length };
}
