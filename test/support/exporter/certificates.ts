import { execFile } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);
const NEW_KEY = ['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];

/** Files of a certificate and its key. */
export interface Issued {
  certFile: string;
  keyFile: string;
  cert: string;
  key: string;
}

/** An authority that issues certificates, with OpenSSL. */
export class Authority {
  readonly #directory: string;
  readonly #name: string;
  /** The file of its own certificate. */
  readonly caFile: string;
  #issued = 0;

  private constructor(directory: string, name: string) {
    this.#directory = directory;
    this.#name = name;
    this.caFile = join(directory, `${name}.pem`);
  }

  /** Makes an authority whose files lie in a directory. */
  static async make(directory: string, name = 'authority'): Promise<Authority> {
    const authority = new Authority(directory, name);
    await mkdir(directory, { recursive: true });
    const files = ['-keyout', join(directory, `${name}.key`), '-out', authority.caFile];
    await run('openssl', ['req', '-x509', ...NEW_KEY, ...files, '-days', '30', '-subj', `/CN=${name}`]);
    return authority;
  }

  /** Its own certificate, PEM. */
  read(): Promise<string> {
    return readFile(this.caFile, 'utf8');
  }

  /**
   * Issues a certificate.
   *
   * @param subject - Its common name.
   * @param names - Its subjectAltName, `DNS:localhost,IP:127.0.0.1`; none if it is empty.
   * @param days - How long it lasts; below 0: it has expired.
   */
  async issue(subject: string, names = 'IP:127.0.0.1,DNS:localhost', days = 20): Promise<Issued> {
    this.#issued++;
    const base = join(this.#directory, `${this.#name}-${this.#issued}`);
    const [keyFile, request, certFile, extensions] = [
      `${base}.key`,
      `${base}.csr`,
      `${base}.pem`,
      `${base}.ext`,
    ];
    const ca = ['-CA', this.caFile, '-CAkey', join(this.#directory, `${this.#name}.key`), '-CAcreateserial'];
    await run('openssl', ['req', ...NEW_KEY, '-keyout', keyFile, '-out', request, '-subj', `/CN=${subject}`]);
    await writeFile(extensions, names === '' ? '' : `subjectAltName=${names}\n`);
    const limits = ['-days', String(days), '-extfile', extensions];
    await run('openssl', ['x509', '-req', '-in', request, ...ca, '-out', certFile, ...limits]);
    return {
      certFile,
      keyFile,
      cert: await readFile(certFile, 'utf8'),
      key: await readFile(keyFile, 'utf8'),
    };
  }
}
