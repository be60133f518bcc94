import { mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { ANY_SERVICE, createToken, dataDirectory } from '@spanledger/audit-exporter';
import { issueCertificate, makeAuthority } from '../../support/tls/certificates.ts';

/** What a collector needs to come in. */
export interface Credentials {
  caFile: string;
  tokenFile: string;
}

/** Has the service of a data directory listen with TLS, and makes a sender's token for all services. */
export async function secureDirectory(path: string): Promise<Credentials> {
  const folder = join(path, 'certificates');
  const authority = await makeAuthority(folder);
  const { certFile, keyFile } = await issueCertificate(folder, authority, 'exporter');
  // JSON is YAML.
  const config = { tls: { cert_file: certFile, key_file: keyFile }, access: { required: true } };
  await writeFile(join(path, 'spanledger.yaml'), JSON.stringify(config));
  return { caFile: authority.certFile, tokenFile: await makeSenderToken(path) };
}

/** Makes a token to send for all services; the service of the data directory lets nobody in without one from now on. */
export async function makeSenderToken(path: string): Promise<string> {
  const tokenFile = join(path, 'sender-token');
  const { token } = await makeToken(path, { role: 'sender', services: [ANY_SERVICE] });
  await writeFile(tokenFile, `${token}\n`, { mode: 0o600 });
  return tokenFile;
}

/** Makes a token to read with, as a header. */
export async function makeReaderHeader(path: string): Promise<{ authorization: string }> {
  const { token } = await makeToken(path, { role: 'auditor', services: [] });
  return { authorization: `Bearer ${token}` };
}

async function makeToken(
  path: string,
  wish: Parameters<typeof createToken>[1],
): Promise<Awaited<ReturnType<typeof createToken>>> {
  const { tokens } = dataDirectory(path);
  await mkdir(tokens, { recursive: true, mode: 0o700 });
  return createToken(tokens, wish, Date.now());
}
