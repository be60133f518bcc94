import type { Client } from '@elastic/elasticsearch';

import type { IndexedStream } from './index-state.ts';
import { statusOf } from './request-failure.ts';
import { requestOptions } from './request-options.ts';

/** A backing index of a data stream. */
export interface BackingIndex {
  name: string;
  uuid: string;
}

/** A data stream as it is now. */
export interface StreamIdentity {
  /** `cluster_uuid`. */
  cluster: string;
  stream: string;
  /** Oldest first; empty where the stream is not there. */
  backings: readonly BackingIndex[];
}

/** Asks which cluster this is, and which backing indices the stream has. */
export async function readIdentity(
  reader: Client,
  stream: string,
  requestTimeoutMs: number,
  signal?: AbortSignal,
): Promise<StreamIdentity> {
  const options = requestOptions(requestTimeoutMs, signal);
  const { cluster_uuid: cluster } = await reader.info({}, options);
  return { cluster, stream, backings: await readBackings(reader, stream, options) };
}

async function readBackings(
  reader: Client,
  stream: string,
  options: ReturnType<typeof requestOptions>,
): Promise<BackingIndex[]> {
  try {
    const settings = await reader.indices.getSettings({ index: stream, name: 'index.uuid' }, options);
    return Object.entries(settings)
      .map(([name, state]) => ({ name, uuid: state.settings?.index?.uuid ?? '' }))
      .toSorted((a, b) => generationOf(a.name) - generationOf(b.name));
  } catch (error) {
    if (statusOf(error) === 404) return [];
    throw error;
  }
}

/** The number at the end of the name of a backing index, which counts from 1; 0 where there is none. */
export function generationOf(backing: string): number {
  return Number(/-(\d{6,})$/.exec(backing)?.[1] ?? 0);
}

/**
 * Whether a stream is the one in which the index has come so far. Old backing indices leave a stream as retention
 * demands, and then all that are left are newer; in a stream that was deleted and made anew they count from 1 again.
 *
 * @returns why it is another one; undefined if it is the same
 */
export function replacedBecause(known: IndexedStream, now: StreamIdentity): string | undefined {
  if (known.cluster !== now.cluster) return 'it is another cluster than before';
  if (known.stream !== now.stream) return `it was the stream ${known.stream} before`;
  if (known.backing === '') return undefined;
  if (now.backings.length === 0) return `the stream ${now.stream} was deleted`;
  if (now.backings.some(({ uuid }) => uuid === known.backingUuid)) return undefined;
  const reached = generationOf(known.backing);
  return now.backings.some(({ name }) => generationOf(name) <= reached)
    ? `the stream ${now.stream} was deleted and made anew`
    : undefined;
}
