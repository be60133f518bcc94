import type { AuditRecord, JsonObject, Openings } from '@spanledger/record';

/** A log that is made from nothing but a number of records: of everybody in turn, and of one person many in a row. */
export class EraseLog {
  readonly records: number;
  /** A hundredth as many as records. */
  readonly people: number;
  /** Of one person beside those. */
  readonly many: number = 10_000;

  constructor(records: number) {
    this.records = records;
    this.people = Math.max(100, records / 100);
  }

  personOf(index: number): number {
    const middle = Math.floor(this.records / 2);
    return index >= middle && index < middle + this.many ? this.people : index % this.people;
  }

  /** `audit.actor.id` of a person. */
  actorOf(person: number): string {
    return referenceOf('actor', person);
  }

  recordOf(index: number): AuditRecord & JsonObject {
    const person = this.personOf(index);
    return {
      '@timestamp': `${new Date(1_700_000_000_000 + index * 100).toISOString().slice(0, -1)}000000Z`,
      audit: {
        action: 'READ',
        actor: { id: this.actorOf(person), type: 'user' },
        commitments: { identity: 'x', network: 'y' },
        ledger: { index, origin: 'bench' },
        outcome: 'success',
        record: { id: `record-${index}` },
        schema: { version: '1.0.0' },
        session: { id: referenceOf('session', this.#sessionOf(index)) },
      },
      ecs: { version: '9.1.0' },
      event: {
        action: 'GET /orders/:id',
        category: ['api'],
        dataset: 'spanledger.audit',
        kind: 'event',
        module: 'spanledger',
        outcome: 'success',
        type: ['access'],
      },
      http: { request: { method: 'GET' }, response: { status_code: 200 }, route: '/orders/:id' },
      oidc: { client_id: 'shop', issuer: 'https://id.example' },
      service: { name: 'shop' },
      span: { id: `span-${index}`, kind: 'server' },
      trace: { id: `trace-${Math.floor(index / 3)}` },
    };
  }

  openingsOf(index: number): Openings {
    const person = this.personOf(index);
    const salt = 'AAAAAAAAAAAAAAAAAAAAAA';
    return {
      identity: {
        salt,
        value: {
          oidc: { session: { id: `session-${this.#sessionOf(index)}` } },
          user: { id: `user-${person}`, name: `Name${person} Family${person % 1000}` },
        },
      },
      network: {
        salt,
        value: { client: { address: `10.${(person >> 16) & 255}.${(person >> 8) & 255}.${person & 255}` } },
      },
    };
  }

  /** Four for each person of the many, one after the other. */
  #sessionOf(index: number): number {
    return this.personOf(index) + this.people * Math.floor((4 * index) / (this.records + 1));
  }
}

/** It looks like one of the service's. */
function referenceOf(kind: string, number: number): string {
  return `${kind}${number}`.padEnd(22, '_');
}
