import { createPrivateKey, type KeyObject, X509Certificate } from 'node:crypto';
import { readFileSync, statSync } from 'node:fs';
import { createSecureContext, type SecureContextOptions, type SecureVersion } from 'node:tls';

/** Certificates, keys and lists of authorities that are larger than this are none. */
const MAX_PEM_BYTES = 4 * 1024 * 1024;

const CERTIFICATE_BLOCK = /-----BEGIN CERTIFICATE-----[^-]+-----END CERTIFICATE-----/g;

/** How the service shows who it is, and whom it wants to see. */
export interface TlsConfig {
  /** The service's certificate and those that lead to its authority, PEM, the service's own first. Absolute, as all paths. */
  certFile: string;
  /** Its private key, PEM, without a passphrase. */
  keyFile: string;
  /** The authorities of client certificates, PEM; undefined: none is asked for. */
  clientCaFile: string | undefined;
  /** Whether who has no certificate of theirs is turned away while the connection is made. */
  clientCertificate: 'required' | 'optional';
  minVersion: Extract<SecureVersion, 'TLSv1.2' | 'TLSv1.3'>;
}

/** What a server is given to speak TLS with. */
export interface LoadedCertificate {
  context: Pick<SecureContextOptions, 'cert' | 'key' | 'ca' | 'minVersion'>;
  /** The times between which the certificate counts, milliseconds since the epoch. */
  validFromMs: number;
  validUntilMs: number;
}

/** One thing that is wrong with a file: the field that names it, and what to do. */
export interface TlsProblem {
  field: 'cert_file' | 'key_file' | 'client_ca_file';
  message: string;
}

/**
 * Reads the files of a TLS configuration.
 *
 * @param problems - receives everything that is wrong with them
 * @returns undefined if anything is
 */
export function loadCertificate(config: TlsConfig, problems: TlsProblem[]): LoadedCertificate | undefined {
  const before = problems.length;
  const certPem = readPem('cert_file', config.certFile, problems);
  const keyPem = readPem('key_file', config.keyFile, problems);
  const caPem = config.clientCaFile && readPem('client_ca_file', config.clientCaFile, problems);
  const chain =
    certPem === undefined ? [] : readCertificates('cert_file', config.certFile, certPem, problems);
  if (caPem !== undefined && config.clientCaFile !== undefined) {
    readCertificates('client_ca_file', config.clientCaFile, caPem, problems);
  }
  const key = keyPem === undefined ? undefined : readKey(config.keyFile, keyPem, problems);
  const [own] = chain;
  if (own !== undefined && key !== undefined) checkFit(config, chain, key, problems);
  if (problems.length > before || own === undefined || certPem === undefined || keyPem === undefined) {
    return undefined;
  }
  const context = {
    cert: certPem,
    key: keyPem,
    ...(caPem !== undefined && { ca: caPem }),
    minVersion: config.minVersion,
  };
  try {
    createSecureContext(context);
  } catch (cause) {
    problems.push({ field: 'cert_file', message: `${config.certFile} cannot be used: ${reasonOf(cause)}` });
    return undefined;
  }
  return { context, validFromMs: Date.parse(own.validFrom), validUntilMs: Date.parse(own.validTo) };
}

function readPem(field: TlsProblem['field'], file: string, problems: TlsProblem[]): string | undefined {
  try {
    if (statSync(file).size > MAX_PEM_BYTES) {
      problems.push({ field, message: `${file} is too large to be one: more than ${MAX_PEM_BYTES} bytes` });
      return undefined;
    }
    return readFileSync(file, 'latin1');
  } catch (cause) {
    problems.push({ field, message: `${file} cannot be read: ${reasonOf(cause)}` });
    return undefined;
  }
}

function readCertificates(
  field: TlsProblem['field'],
  file: string,
  pem: string,
  problems: TlsProblem[],
): X509Certificate[] {
  const blocks = pem.match(CERTIFICATE_BLOCK) ?? [];
  if (blocks.length === 0) {
    problems.push({ field, message: `${file} holds no certificate in PEM (-----BEGIN CERTIFICATE-----)` });
  }
  return blocks.flatMap((block, index) => {
    try {
      return new X509Certificate(block);
    } catch (cause) {
      problems.push({
        field,
        message: `${file}: certificate ${index + 1} cannot be read: ${reasonOf(cause)}`,
      });
      return [];
    }
  });
}

function readKey(file: string, pem: string, problems: TlsProblem[]): KeyObject | undefined {
  if (/ENCRYPTED/.test(pem)) {
    const message = `${file} is protected by a passphrase, which nobody could type: openssl pkey -in … -out …`;
    problems.push({ field: 'key_file', message });
    return undefined;
  }
  try {
    return createPrivateKey(pem);
  } catch (cause) {
    // What OpenSSL says of it holds nothing of the key.
    problems.push({ field: 'key_file', message: `${file} holds no private key in PEM: ${reasonOf(cause)}` });
    return undefined;
  }
}

function checkFit(
  { certFile, keyFile }: TlsConfig,
  chain: readonly X509Certificate[],
  key: KeyObject,
  problems: TlsProblem[],
): void {
  const fits = chain.findIndex((certificate) => certificate.checkPrivateKey(key));
  if (fits === 0) return;
  problems.push({
    field: 'key_file',
    message:
      fits === -1
        ? `${keyFile} is not the key of the certificate in ${certFile}`
        : `${keyFile} is the key of certificate ${fits + 1} in ${certFile}: put the service’s own first`,
  });
}

function reasonOf(cause: unknown): string {
  return cause instanceof Error ? cause.message : String(cause);
}
