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
  const { tokens } = dataDirectory(path);
  await mkdir(tokens, { recursive: true, mode: 0o700 });
  const wish = { role: 'sender', services: [ANY_SERVICE] } as const;
  const { token } = await createToken(tokens, wish, Date.now());
  const tokenFile = join(folder, 'token');
  await writeFile(tokenFile, `${token}\n`, { mode: 0o600 });
  return { caFile: authority.certFile, tokenFile };
}
