import type { FastifyReply, FastifyRequest } from 'fastify';
import { finished } from 'node:stream';
import { ByteBudget } from './byte-budget.ts';
import { MAX_BYTES_IN_FLIGHT } from './limits.ts';
import { busy } from './request-errors.ts';

/** What a request is counted with. */
interface Counted {
  /** Bytes that it holds in memory. */
  held: number;
  /** Bytes that its body was announced with. */
  announced: number;
}

/** Counts the bodies of requests, from when they are announced until they have been read, or their sender has gone. */
export class BytesInFlight {
  readonly #hasRoom: (sizeBytes: number) => boolean;
  readonly #held: ByteBudget = new ByteBudget(MAX_BYTES_IN_FLIGHT);
  /** What they were announced with: they will want room in the log, too. */
  #unread = 0;
  readonly #requests: WeakMap<FastifyRequest, Counted> = new WeakMap();

  /** @param hasRoom - whether the log takes so many bytes more */
  constructor(hasRoom: (sizeBytes: number) => boolean) {
    this.#hasRoom = hasRoom;
  }

  /**
   * A request is about to be read: what will not be taken in is not worth what reading it costs.
   *
   * @throws ExporterError `service_busy`
   */
  announce(request: FastifyRequest, reply: FastifyReply, sizeBytes: number): void {
    if (!this.#hasRoom(this.#unread + sizeBytes)) throw busy('more waits to be written than the log takes');
    this.#take(sizeBytes);
    this.#unread += sizeBytes;
    this.#requests.set(request, { held: sizeBytes, announced: sizeBytes });
    // Fastify tells nothing of a response that was never sent, to a sender that broke off.
    finished(reply.raw, () => {
      this.release(request);
    });
  }

  /**
   * It takes more memory than was announced.
   *
   * @throws ExporterError `service_busy`
   */
  hold(request: FastifyRequest, sizeBytes: number): void {
    const counted = this.#requests.get(request);
    if (counted === undefined) throw busy('the sender has gone');
    this.#take(sizeBytes);
    counted.held += sizeBytes;
  }

  /** Its body is not needed any more. What it takes of the log's room is for the log to say, if the intake has it. */
  release(request: FastifyRequest): void {
    const counted = this.#requests.get(request);
    if (counted === undefined) return;
    this.#unread -= counted.announced;
    this.#held.give(counted.held);
    this.#requests.delete(request);
  }

  #take(sizeBytes: number): void {
    if (!this.#held.take(sizeBytes)) throw busy('too many bytes of requests are in memory');
  }
}
