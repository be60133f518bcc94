import type { BlindKey } from '../blind-key.ts';
import { type DerivedDraft, type EvidenceParty, partyOf } from '../derived-draft.ts';
import type { FollowedRecord } from '../followed-records.ts';
import { tellsTime } from '../log-time.ts';
import { type ActorEnd, actorEnd } from './actor-end.ts';
import { skewOf } from './issuer-clock.ts';
import { msOf } from './moment.ts';
import { type SessionFacts, sessionFacts } from './session-facts.ts';
import {
  findDeadline,
  findSessionUse,
  findSkew,
  findStepUp,
  TOKEN_EXPIRED,
  findTokenExpiry,
  findExcess,
} from './session-findings.ts';
import { deadlineOf, type SessionsConfig } from './session-limits.ts';
import { endSession, foldSession, isUsedAfterEnd, newSession } from './session-row.ts';
import type { Evidence, SessionRow } from './session-row.ts';
import { isEnded } from './session-state.ts';
import { MAX_ACTOR_ENDS } from './session-table.ts';
import type { SessionTable } from './session-table.ts';
import { tokenFacts } from './token-facts.ts';
import type { TokenFacts } from './token-facts.ts';
import { isOverBeforeExpiry, tokenParty } from './token-expiry.ts';
import { exceedingScopes, foldToken, newToken, replaceToken } from './token-row.ts';
import type { TokenRow } from './token-row.ts';
import type { TokenTable } from './token-table.ts';
import { findTokenUses } from './token-uses.ts';

/** Where a batch is folded into. */
export interface SessionFoldOptions {
  sessions: SessionTable;
  tokens: TokenTable;
  key: BlindKey;
  /** Absent where nothing is to be derived. */
  config: SessionsConfig | undefined;
  /** Before this ledger index nothing is derived from a token's having expired. */
  pastSize?: number;
}

/** A row that a batch changed, with the last record of it that did. */
interface Touched<Row> {
  row: Row;
  by: FollowedRecord;
}

/** What a batch changed. */
interface FoldedBatch {
  sessions: SessionRow[];
  /** References of sessions that time may change from now on. */
  living: ReadonlySet<string>;
  tokens: TokenRow[];
  /** What is to be recorded. */
  findings: DerivedDraft[];
}

/** Folds a batch of records into sessions and tokens: what is read is read once, what changed is written once. */
export class SessionFold {
  readonly #options: SessionFoldOptions;
  readonly #sessions: Map<string, Touched<SessionRow>> = new Map();
  readonly #tokens: Map<string, Touched<TokenRow>> = new Map();
  /** Names in `#tokens` of those that the batch is the first to tell of, by the index of their first record. */
  readonly #newTokens: Map<number, string> = new Map();
  readonly #hidden: Map<string, string> = new Map();
  readonly #findings: Map<string, DerivedDraft> = new Map();
  readonly #actorEnds: ActorEnd[] = [];
  readonly #living: Set<string> = new Set();
  /** `@timestamp` of the latest record. */
  latest = '';

  constructor(options: SessionFoldOptions) {
    this.#options = options;
  }

  /** Takes in one more record; they come in the order of the ledger. */
  take(followed: FollowedRecord): void {
    const { index, record, openings } = followed;
    const facts = sessionFacts(record, openings);
    const token = tokenFacts(record, openings);
    if (tellsTime(record) && record['@timestamp'] > this.latest) this.latest = record['@timestamp'];
    if (facts !== undefined) {
      this.#takeSession(facts, { time: facts.time, record: record.audit.record.id, index }, followed);
    } else this.#takeActorEnd(followed);
    if (record.event.kind === 'state' && record.event.action === TOKEN_EXPIRED) this.#takeExpiry(followed);
    if (token !== undefined) {
      this.#takeToken(token, { time: token.time, record: record.audit.record.id, index }, followed);
    }
  }

  /** What the batch changed, and what it shows; nothing is taken in afterwards. */
  finish(): FoldedBatch {
    const { config } = this.#options;
    if (config !== undefined) {
      for (const { row, by } of this.#sessions.values()) this.#findUseOfSession(row, by, config);
      for (const { row, by } of this.#tokens.values()) this.#findUseOfToken(row, by, config);
    }
    return {
      sessions: [...this.#sessions.values()].map(({ row }) => row),
      living: this.#living,
      tokens: [...this.#tokens.values()].map(({ row }) => row),
      findings: [...this.#findings.values()],
    };
  }

  /** Within the transaction: keeps the ends that named only a person. */
  writeActorEnds(): void {
    for (const { actor, issuer, step } of this.#actorEnds)
      this.#options.sessions.writeEnd(actor, issuer, step);
  }

  #takeSession(facts: SessionFacts, at: Evidence, followed: FollowedRecord): void {
    const { config } = this.#options;
    const row = this.#session(facts, at, followed);
    if (config !== undefined && facts.active) this.#findLapse(row, facts, followed, config);
    // Hidden once a session: the first token stays.
    const sid = row.sidToken === undefined ? facts.sid : undefined;
    const sidToken = sid === undefined ? undefined : this.#hide('oidc.session.id', sid);
    const again = foldSession(row, facts, at, sidToken);
    if (again !== undefined && config !== undefined) {
      this.#put(findStepUp(row, again, at, partyOf(followed.record, followed.openings)));
    }
  }

  #session(facts: SessionFacts, { index }: Evidence, by: FollowedRecord): SessionRow {
    const { sessions } = this.#options;
    const known = this.#sessions.get(facts.reference);
    if (known !== undefined) {
      known.by = by;
      return known.row;
    }
    const stored = sessions.atHand(facts.reference);
    const row = stored ?? newSession(facts, index);
    // Where time may not have anything more to bring about, it has from now on.
    if (stored?.lastActive === undefined || stored.state === 'idle' || isEnded(stored.state)) {
      this.#living.add(facts.reference);
    }
    this.#sessions.set(facts.reference, { row, by });
    if (stored === undefined && facts.issuer !== undefined) {
      // Heard of after its person's sessions were ended, and older than that.
      const { actor, issuer } = facts;
      const inBatch = this.#actorEnds.filter((end) => end.actor === actor && end.issuer === issuer);
      const ends = [...sessions.endsOf(actor, issuer), ...inBatch.map(({ step }) => step)];
      for (const end of ends.slice(-MAX_ACTOR_ENDS)) if (facts.time <= end.time) endSession(row, end);
    }
    return row;
  }

  #takeActorEnd(followed: FollowedRecord): void {
    const end = actorEnd(followed);
    if (end === undefined) return;
    const { sessions } = this.#options;
    const { actor, issuer, step } = end;
    this.#actorEnds.push(end);
    const references = new Set(sessions.ofActor(actor, issuer));
    for (const { row } of this.#sessions.values()) {
      if (row.actor === actor && row.issuer === issuer) references.add(row.reference);
    }
    for (const reference of references) {
      const row = this.#sessions.get(reference)?.row ?? sessions.atHand(reference);
      if (row === undefined || row.actor !== actor || row.issuer !== issuer || row.started > step.time)
        continue;
      this.#sessions.set(reference, { row, by: this.#sessions.get(reference)?.by ?? followed });
      this.#living.add(reference);
      endSession(row, step);
    }
  }

  /** What time had brought about before the session was used again, and nobody saw happen. */
  #findLapse(
    row: SessionRow,
    { time }: SessionFacts,
    followed: FollowedRecord,
    config: SessionsConfig,
  ): void {
    const { lastActive } = row;
    if (lastActive === undefined || time <= lastActive.time) return;
    const deadline = deadlineOf(row, config);
    // That it was idle, its use has already undone.
    if (deadline === undefined || deadline.reason === 'token_expiry' || deadline.step === 'idle') return;
    if (deadline.atMs + config.clockSkewMs >= msOf(time)) return;
    this.#put(findDeadline(row, deadline, partyOf(followed.record, followed.openings)));
  }

  #findUseOfSession(row: SessionRow, by: FollowedRecord, { clockSkewMs }: SessionsConfig): void {
    if (!isUsedAfterEnd(row, clockSkewMs)) return;
    const { ended = '' } = row;
    if (!row.steps.some(({ step, time }) => step === 'used_after_end' && time > ended)) {
      this.#put(findSessionUse(row, partyIn(by, row)));
    }
    // Their uses may have come before anybody told of the end.
    for (const token of this.#options.tokens.usedAfter(row.reference, ended)) this.#touchToken(token, by);
  }

  #touchToken(row: TokenRow, by: FollowedRecord): void {
    const name = `${row.token} ${row.issuer}`;
    if (!this.#tokens.has(name)) this.#tokens.set(name, { row, by });
  }

  #findUseOfToken(row: TokenRow, by: FollowedRecord, { clockSkewMs }: SessionsConfig): void {
    const session =
      row.session === undefined || row.lastUse === undefined ? undefined : this.#stored(row.session);
    const party = (): EvidenceParty => partyIn(by, { reference: row.session, actor: row.actor });
    for (const finding of findTokenUses(row, session, clockSkewMs, party)) this.#put(finding);
  }

  #stored(reference: string): SessionRow | undefined {
    return this.#sessions.get(reference)?.row ?? this.#options.sessions.atHand(reference);
  }

  #takeToken(facts: TokenFacts, at: Evidence, followed: FollowedRecord): void {
    const { config } = this.#options;
    const hidden = {
      token: this.#hide('oidc.token.id', facts.id),
      previous: facts.previousId === undefined ? undefined : this.#hide('oidc.token.id', facts.previousId),
      address: facts.address === undefined ? undefined : this.#hide('client.address', facts.address),
    };
    const place = `${hidden.token} ${facts.issuer}`;
    const known = this.#token(hidden.token, facts.issuer, followed);
    const row = known ?? newToken(facts, hidden, at);
    if (known === undefined) this.#newTokens.set(at.index, place);
    this.#tokens.set(place, { row, by: followed });
    foldToken(row, facts, hidden, at);
    const previous = facts.signal === 'refreshed' ? hidden.previous : undefined;
    if (previous !== undefined && previous !== hidden.token) {
      const replaced = this.#token(previous, facts.issuer, followed);
      if (replaced !== undefined) replaceToken(replaced, hidden.token, at);
    }
    if (config === undefined) return;
    this.#findExpiry(row, facts, followed, config);
    const excess = exceedingScopes(row, facts);
    if (excess.length > 0)
      this.#put(findExcess(row, excess, at, partyOf(followed.record, followed.openings)));
    const skewMs = skewOf(facts, config.clockSkewMs);
    if (skewMs !== undefined) {
      const { openings } = followed;
      const { audit, service } = followed.record;
      const name = service?.['name'];
      const producer = audit.sequence?.stream_id ?? (typeof name === 'string' ? name : '');
      this.#put(findSkew(producer, facts.issuer, skewMs, at, partyOf(followed.record, openings)));
    }
  }

  /** What a tick would have found, had there been one. */
  #findExpiry(row: TokenRow, { time }: TokenFacts, by: FollowedRecord, config: SessionsConfig): void {
    const { expiresAt, expired, session } = row;
    if (expiresAt === undefined || expired !== undefined || by.index < (this.#options.pastSize ?? 0)) return;
    if (time <= expiresAt || msOf(time) - msOf(expiresAt) <= config.clockSkewMs) return;
    if (isOverBeforeExpiry(row, session === undefined ? undefined : this.#stored(session))) return;
    this.#put(findTokenExpiry(row, tokenParty(row, by.openings)));
  }

  /** The ledger holds that a token expired. */
  #takeExpiry(followed: FollowedRecord): void {
    const { audit, '@timestamp': time } = followed.record;
    const first = audit.evidence?.first_index ?? -1;
    const fresh = this.#tokens.get(this.#newTokens.get(first) ?? '')?.row;
    const stored = fresh ?? this.#options.tokens.byFirstIndex(first);
    const row = stored && (this.#token(stored.token, stored.issuer, followed) ?? stored);
    if (row !== undefined) row.expired ??= { time, record: audit.record.id, index: followed.index };
  }

  #token(token: string, issuer: string, by: FollowedRecord): TokenRow | undefined {
    const name = `${token} ${issuer}`;
    const known = this.#tokens.get(name);
    if (known !== undefined) return known.row;
    const row = this.#options.tokens.atHand(token, issuer);
    if (row !== undefined) this.#tokens.set(name, { row, by });
    return row;
  }

  #hide(kind: string, value: string): string {
    const name = `${kind}\0${value}`;
    const known = this.#hidden.get(name);
    if (known !== undefined) return known;
    const token = this.#options.key.token(kind, value);
    this.#hidden.set(name, token);
    return token;
  }

  #put(finding: DerivedDraft | undefined): void {
    if (finding !== undefined && !this.#findings.has(finding.draft.id))
      this.#findings.set(finding.draft.id, finding);
  }
}

/** Whose session or token it is, also where the record that ended it names only the person. */
function partyIn(
  { record, openings }: FollowedRecord,
  { reference, actor }: { reference: string | undefined; actor: string },
): EvidenceParty {
  return {
    ...partyOf(record, openings),
    actorRef: actor,
    ...(reference !== undefined && { sessionRef: reference }),
  };
}
