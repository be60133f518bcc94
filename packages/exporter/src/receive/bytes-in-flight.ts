import type { FastifyReply, FastifyRequest } from 'fastify';
import { ByteBudget } from './byte-budget.ts';
import { MAX_ARRIVED_BYTES, MAX_INFLATED_BYTES } from './limits.ts';
import { busy } from './request-errors.ts';

/** Bytes that a request holds in memory. */
interface Counted {
  /** Of its body as it arrives. */
  arrived: number;
  /** Of its body once it is inflated. */
  inflated: number;
}

/**
 * Counts the bodies of requests, from when their bytes arrive until they have been read, or their sender has gone. What was
 * announced and does not come takes nobody's place.
 */
export class BytesInFlight {
  readonly #hasRoom: (sizeBytes: number) => boolean;
  readonly #arrived: ByteBudget = new ByteBudget(MAX_ARRIVED_BYTES);
  readonly #inflated: ByteBudget = new ByteBudget(MAX_INFLATED_BYTES);
  readonly #requests: WeakMap<FastifyRequest, Counted> = new WeakMap();

  /** @param hasRoom - whether the log takes so many bytes more */
  constructor(hasRoom: (sizeBytes: number) => boolean) {
    this.#hasRoom = hasRoom;
  }

  /**
   * A request is about to arrive: what will not be taken in is not worth what receiving it costs.
   *
   * @param sizeBytes - of its body, as it was announced
   * @throws ExporterError `service_busy`
   */
  admit(request: FastifyRequest, reply: FastifyReply, sizeBytes: number): void {
    // What has arrived and was not read yet will want room in the log, too.
    if (!this.#hasRoom(this.#arrived.held + sizeBytes)) {
      throw busy('more waits to be written than the log takes');
    }
    this.#requests.set(request, { arrived: 0, inflated: 0 });
    // Fastify tells nothing of a response that was never sent, to a sender that broke off.
    reply.raw.once('close', () => {
      this.release(request);
    });
  }

  /**
   * Bytes of its body have come.
   *
   * @throws ExporterError `service_busy`
   */
  arrive(request: FastifyRequest, sizeBytes: number): void {
    const counted = this.#counted(request);
    if (!this.#arrived.take(sizeBytes)) throw busy('too many bytes of requests are in memory');
    counted.arrived += sizeBytes;
  }

  /**
   * Its body was inflated to so many bytes.
   *
   * @throws ExporterError `service_busy`
   */
  inflate(request: FastifyRequest, sizeBytes: number): void {
    const counted = this.#counted(request);
    if (!this.#inflated.take(sizeBytes)) throw busy('too many bytes of inflated requests are in memory');
    counted.inflated += sizeBytes;
  }

  /** Its body is not needed any more. What it takes of the log's room is for the log to say, if the intake has it. */
  release(request: FastifyRequest): void {
    const counted = this.#requests.get(request);
    if (counted === undefined) return;
    this.#arrived.give(counted.arrived);
    this.#inflated.give(counted.inflated);
    this.#requests.delete(request);
  }

  #counted(request: FastifyRequest): Counted {
    const counted = this.#requests.get(request);
    if (counted === undefined) throw busy('the sender has gone');
    return counted;
  }
}
