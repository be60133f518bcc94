/** A provider whose signals are taken in. */
export interface ProviderConfig {
  /** The `iss` of its tokens, exactly. */
  readonly issuer: string;
  /** Whom its tokens must be for: the ids of our clients, or what the transmitter calls us. */
  readonly audience: readonly string[];
  /** Where its keys are; undefined: where its discovery document says. */
  readonly jwksUri: string | undefined;
  /** Whether keys and events may cross the network in the clear. */
  readonly insecure: boolean;
  /** How far its clock may differ from ours. */
  readonly clockSkewMs: number;
  readonly keys: KeyTimes;
  /** Whether its logout tokens are taken in. */
  readonly backchannelLogout: boolean;
  /** Undefined: its security events are not taken in. */
  readonly sharedSignals: SharedSignalsConfig | undefined;
}

/** How long a provider's keys are good for. */
export interface KeyTimes {
  /** How often they are fetched. */
  readonly refreshMs: number;
  /** Keys that were fetched longer ago are called stale, and are used. */
  readonly staleMs: number;
  /** Keys that were fetched longer ago are not used any more. */
  readonly maxAgeMs: number;
}

/** How a transmitter's security events reach us. */
export interface SharedSignalsConfig {
  /** Issuers, beside the transmitter itself, of whose subjects it may tell. */
  readonly subjectIssuers: readonly string[];
  /** RFC 8935; undefined: the transmitter does not push. */
  readonly push: PushConfig | undefined;
  /** RFC 8936; undefined: nothing is asked for. */
  readonly poll: PollConfig | undefined;
  /** Undefined: no verification is asked for; one that the transmitter sends by itself is taken in. */
  readonly verification: VerificationConfig | undefined;
}

/** What a transmitter that pushes must show beside the signature. */
export interface PushConfig {
  /** File with the whole value of the `Authorization` header, absolute path; undefined: none is asked for. */
  readonly authorizationFile: string | undefined;
}

/** Where security events are asked for. */
export interface PollConfig {
  readonly url: string;
  /** File with a bearer token for it, absolute path. */
  readonly tokenFile: string | undefined;
  /** How long to wait after an answer that has nothing more; undefined: the transmitter holds the answer back. */
  readonly everyMs: number | undefined;
}

/** Where the verification of a stream is asked for. */
export interface VerificationConfig {
  readonly url: string;
  readonly streamId: string;
  /** File with a bearer token for it, absolute path. */
  readonly tokenFile: string | undefined;
  readonly everyMs: number;
}
