import { createSecretKey, randomBytes as drawBytes } from 'node:crypto';
import type { EntryBatch } from '@spanledger/record';
import { makeIntakePolicy } from '../../../support/exporter/intake-policy.ts';
import { Minimiser } from '../../../../packages/exporter/src/minimisation/index.ts';
import { Producers } from '../../../../packages/exporter/src/receive/producers.ts';
import { sha256, sha256Base64url } from '../../../../packages/exporter/src/receive/record-crypto.ts';
import {
  RequestReading,
  type TakenRequest,
} from '../../../../packages/exporter/src/receive/request-reading.ts';
import { SpanKernel } from '../../../../packages/exporter/src/receive/kernel/span-kernel.ts';
import { Transcoder } from '../../../../packages/exporter/src/receive/transcode/transcoder.ts';
import type { SpanGroup } from '../../../../packages/exporter/src/receive/wire/trace-request.ts';

const KEY = createSecretKey(drawBytes(32));

/** What a request became. */
type ReadRequest = Pick<EntryBatch, 'bytes' | 'ends' | 'holes' | 'openings' | 'openingEnds' | 'count'> &
  Pick<TakenRequest, 'skipped' | 'known'> & {
    /** How often each thing that looks personal was met. */
    quarantined: number[];
  };

/** An intake up to its batch. */
export interface IntakeWay {
  transcoder: Transcoder;
  /** How many spans were written by templates. */
  written: () => number;
  /** How many of these the kernel wrote. */
  writtenByKernel: () => number;
  /** How often the intake asked who is behind a name. */
  asked: () => number;
  /** All references that were given are given no more: others are, from now on. */
  retire: () => void;
  read(groups: readonly SpanGroup[]): ReadRequest;
}

/**
 * An intake up to its batch, with salts that are all zero. Two of them share nothing: one is given the wire, the other the
 * objects that are decoded from it.
 *
 * @param hasKernel - without it, all goes by way of TypeScript
 */
export function makeIntakeWay(policyText?: string, hasKernel = true): IntakeWay {
  let [generation, asked] = [0, 0];
  const refer = (...names: string[]): string => {
    asked++;
    return Buffer.from([...names, generation].join(' '))
      .toString('base64url')
      .padEnd(22, 'A')
      .slice(-22);
  };
  const references = {
    ofSubject: ({ issuer, id, type }: { issuer: string; id: string; type: string }) =>
      refer(type, issuer, id),
    ofSession: ({ issuer, id }: { issuer: string; id: string }) => refer('session', issuer, id),
    attempt: <Result>(work: () => Result) => work(),
    get generation() {
      return generation;
    },
    isErased: () => false,
  };
  const randomBytes = (sizeBytes: number) => new Uint8Array(sizeBytes);
  const kernel = hasKernel ? makeKernel() : undefined;
  const transcoder = new Transcoder(references, { randomBytes, sha256, sha256Base64url }, kernel);
  const producers = new Producers();
  const minimiser = new Minimiser(
    { fields: [], quarantine: true, quarantineExcept: [] },
    KEY,
    () => undefined,
  );
  const policy = policyText === undefined ? undefined : makeIntakePolicy(policyText);
  // Not a spy: those are kept, with all that they saw, for as long as the process lives.
  const write = transcoder.write.bind(transcoder);
  let [written, byKernel] = [0, 0];
  if (kernel !== undefined) {
    const writeByKernel = kernel.write.bind(kernel);
    kernel.write = (...span) => {
      const isWritten = writeByKernel(...span);
      if (isWritten) byKernel++;
      return isWritten;
    };
    const writeKnownByKernel = kernel.writeKnown.bind(kernel);
    kernel.writeKnown = (...span) => {
      const isWritten = writeKnownByKernel(...span);
      if (isWritten === true) byKernel++;
      return isWritten;
    };
  }
  transcoder.write = (...span) => {
    const isWritten = write(...span);
    if (isWritten) written++;
    return isWritten;
  };
  return {
    transcoder,
    written: () => written,
    writtenByKernel: () => byKernel,
    asked: () => asked,
    retire: () => generation++,
    read(groups: readonly SpanGroup[]) {
      const minimise = minimiser.minimise.bind(minimiser);
      const taken = new RequestReading({ references, producers, minimise }, transcoder, policy).read(groups);
      const { bytes, ends, holes, openings, openingEnds, count } = copyOf(taken.batch.batch());
      const quarantined = minimiser.quarantined.map((found) => found.count);
      return {
        quarantined,
        bytes,
        ends,
        holes,
        openings,
        openingEnds,
        count,
        skipped: taken.skipped,
        known: taken.known,
      };
    },
  };
}

/** It is built before tests are run. */
function makeKernel(): SpanKernel {
  const kernel = SpanKernel.create(sha256Base64url);
  if (kernel === undefined) throw new TypeError('packages/exporter/dist/span-kernel.wasm is not there');
  return kernel;
}

function copyOf(batch: EntryBatch): EntryBatch {
  return { ...batch, bytes: Buffer.from(batch.bytes), openings: Buffer.from(batch.openings) };
}
