import type { Attack, Crime, Shown } from '../attack.ts';
import { forge, rechain } from '../entry-chain.ts';
import { statementText } from '../../vectors/format-material.ts';
import { LogCopy } from '../log-copy.ts';

function resign({ log, forger, random }: Crime): Shown {
  const copy = new LogCopy(log.files);
  const entries = copy.entries();
  const at = random.integer(entries.length);
  const changed = rechain(entries.with(at, forge(entries[at] ?? new Uint8Array(), random)), at + 1);
  copy.rewrite(changed, log.sizes, forger);
  return { files: copy.files, offeredKey: forger.vkey, soundTo: at };
}

/** States that the attacker's key follows the log's. The log's own signature, which it would need, is not to be had. */
function stateKey(shown: Shown, { log, forger }: Crime): Shown {
  const text = statementText({
    origin: forger.origin,
    key: forger.vkey,
    from: 0,
    replaces: log.signer.vkey,
    replaced: 'revoked 0',
  });
  return { ...shown, files: new Map(shown.files).set('keys', Buffer.from(forger.signNote(text))) };
}

export const replaceKey: Attack = {
  name: 'replace the key',
  needs: 'files',
  about:
    'The whole log is written anew with an entry changed, and every checkpoint of it is signed with a key of the attacker’s under the log’s name. Every other time a statement says that this key follows the log’s. The verifier holds it to the key that it kept.',
  commit(crime) {
    const shown = resign(crime);
    return crime.random.flip() ? stateKey(shown, crime) : shown;
  },
};

export const replaceKeyOfNewcomer: Attack = {
  name: 'replace the key, of a verifier that kept none',
  needs: 'files',
  about:
    'The same, without a statement, and the verifier takes the key that lies beside the log (no `--vkey`).',
  why: 'Who asks the log itself for the key verifies that the log is what the log says. `spanledger verify` says so below each report of that kind.',
  trustsOfferedKey: true,
  expected: { alone: 'none' },
  commit: resign,
};
