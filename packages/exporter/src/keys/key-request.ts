import { rm } from 'node:fs/promises';
import { isJsonObject, type JsonObject, type JsonValue } from '@spanledger/record';
import type { DataDirectory } from '../data-directory.ts';
import { readStateFile, writeStateFile } from '../state-file.ts';

/** How an older key is to end. */
export interface RequestedEnd {
  state: 'retired' | 'revoked';
  /** The first size at which its signatures count no more; the ledger's choice if not given. */
  from?: number;
}

/**
 * A wish to change the keys of a log. It is left in the data directory for the service, which alone writes the log: a
 * running one takes it up within a second, one that is stopped at its next start.
 */
export interface KeyRequest {
  /** Tells this request from others. */
  id: string;
  /** `rotate`: a new key comes; `retire`: the older one of two active keys, or the named one, ends. */
  action: 'rotate' | 'retire';
  /** How the older key ends; of `rotate` absent if both go on to sign. */
  end?: RequestedEnd;
  /** Of `rotate`: the new key, once the service has chosen it. Of `retire`: which key, if not the older active one. */
  vkey?: string;
}

/** Why a request was refused. */
export interface KeyRefusal {
  id: string;
  message: string;
  hint?: string;
}

/** Leaves a request, in place of one that was left before. */
export async function writeKeyRequest({ keyRequestFile }: DataDirectory, request: KeyRequest): Promise<void> {
  const json: JsonObject = {
    id: request.id,
    action: request.action,
    ...(request.end !== undefined && { end: { ...request.end } }),
    ...(request.vkey !== undefined && { vkey: request.vkey }),
  };
  await writeStateFile(keyRequestFile, `${JSON.stringify(json)}\n`);
}

/** The request that waits; undefined if there is none, or what is there cannot be read as one. */
export async function readKeyRequest({ keyRequestFile }: DataDirectory): Promise<KeyRequest | undefined> {
  return parseRequest(parseObject(await readStateFile(keyRequestFile)));
}

/** Takes a request away. */
export async function removeKeyRequest({ keyRequestFile }: DataDirectory): Promise<void> {
  await rm(keyRequestFile, { force: true });
}

/** Says why a request was refused, and takes it away. */
export async function refuseKeyRequest(paths: DataDirectory, refusal: KeyRefusal): Promise<void> {
  await writeStateFile(paths.keyRefusalFile, `${JSON.stringify(refusal)}\n`);
  await removeKeyRequest(paths);
}

/** Why a request was refused; undefined if it was not. */
export async function readKeyRefusal(
  { keyRefusalFile }: DataDirectory,
  id: string,
): Promise<KeyRefusal | undefined> {
  const refusal = parseObject(await readStateFile(keyRefusalFile));
  const { message, hint } = { message: refusal?.['message'], hint: refusal?.['hint'] };
  if (refusal?.['id'] !== id || typeof message !== 'string') return undefined;
  return { id, message, ...(typeof hint === 'string' && { hint }) };
}

function parseObject(text: string | undefined): JsonObject | undefined {
  try {
    const value: unknown = JSON.parse(text ?? 'null');
    return isJsonObject(value) ? value : undefined;
  } catch {
    return undefined;
  }
}

function parseRequest(json: JsonObject | undefined): KeyRequest | undefined {
  const { id, action, vkey } = { id: json?.['id'], action: json?.['action'], vkey: json?.['vkey'] };
  if (json === undefined || typeof id !== 'string' || (action !== 'rotate' && action !== 'retire'))
    return undefined;
  const end = parseEnd(json['end']);
  if (json['end'] !== undefined && end === undefined) return undefined;
  return {
    id,
    action,
    ...(end !== undefined && { end }),
    ...(typeof vkey === 'string' && { vkey }),
  };
}

function parseEnd(value: JsonValue | undefined): RequestedEnd | undefined {
  if (!isJsonObject(value)) return undefined;
  const { state, from } = { state: value['state'], from: value['from'] };
  if (state !== 'retired' && state !== 'revoked') return undefined;
  if (from === undefined) return { state };
  return typeof from === 'number' && Number.isSafeInteger(from) && from >= 0 ? { state, from } : undefined;
}
