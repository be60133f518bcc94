import { execFile } from 'node:child_process';
import { mkdir } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

const KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256', '-nodes'];
const DAYS = '2';

/** A certificate and the key that belongs to it, as PEM files. */
export interface CertificateFiles {
  certFile: string;
  keyFile: string;
}

/** Makes an authority of its own in `folder` (`<name>.crt`, `<name>.key`); by openssl, valid for two days. */
export async function makeAuthority(folder: string, name = 'ca'): Promise<CertificateFiles> {
  await mkdir(folder, { recursive: true });
  const files = filesOf(folder, name);
  const usage = ['-addext', 'basicConstraints=critical,CA:TRUE', '-addext', 'keyUsage=critical,keyCertSign'];
  await makeCertificate(files, `Test authority ${name}`, usage);
  return files;
}

/**
 * Makes a certificate in `folder` that an authority signed, for a server on loopback and for clients.
 *
 * @param name its common name and the name of its files
 */
export async function issueCertificate(
  folder: string,
  authority: CertificateFiles,
  name: string,
): Promise<CertificateFiles> {
  await mkdir(folder, { recursive: true });
  const files = filesOf(folder, name);
  const signing = ['-CA', authority.certFile, '-CAkey', authority.keyFile];
  const usage = [
    'basicConstraints=critical,CA:FALSE',
    'subjectAltName=IP:127.0.0.1,IP:::1,DNS:localhost',
    'extendedKeyUsage=serverAuth,clientAuth',
  ].flatMap((extension) => ['-addext', extension]);
  await makeCertificate(files, name, [...signing, ...usage]);
  return files;
}

function filesOf(folder: string, name: string): CertificateFiles {
  return { certFile: join(folder, `${name}.crt`), keyFile: join(folder, `${name}.key`) };
}

async function makeCertificate(
  { certFile, keyFile }: CertificateFiles,
  commonName: string,
  extra: string[],
): Promise<void> {
  const out = ['-keyout', keyFile, '-out', certFile, '-subj', `/CN=${commonName}`];
  await run('openssl', ['req', '-x509', ...KEY, '-days', DAYS, ...out, ...extra]);
}
