import { pbkdf2Sync, randomBytes } from 'node:crypto';
import { copyFile, mkdir, readdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { issueCertificate, makeAuthority } from '../../support/tls/certificates.ts';

/** Who may do everything on a node with security. */
export const SUPERUSER = 'admin';
const HASH_ITERATIONS = 10_000;

/** What a node is told. */
export interface NodeSettings {
  /** The distribution. */
  home: string;
  /** Below it: conf, data, logs, tmp. */
  directory: string;
  /** 0: a free one. */
  port: number;
  /** The superuser's; undefined: no security and no TLS. */
  password: string | undefined;
}

/**
 * Writes a node's configuration.
 *
 * @returns the authority that signed its certificate, where it has TLS
 */
export async function writeNodeFiles(settings: NodeSettings): Promise<string | undefined> {
  const { home, directory, port, password } = settings;
  const conf = join(directory, 'conf');
  for (const name of ['conf', 'data', 'logs', 'tmp']) await mkdir(join(directory, name), { recursive: true });
  // Read to find out where it listens: what an earlier run said must not be there.
  await rm(join(directory, 'logs/http.ports'), { force: true });
  for (const name of ['log4j2.properties', 'jvm.options', 'roles.yml', 'role_mapping.yml'])
    await copyFile(join(home, 'config', name), join(conf, name));
  const users = password === undefined ? '' : `${SUPERUSER}:${hashPassword(password)}\n`;
  await writeFile(join(conf, 'users'), users);
  await writeFile(join(conf, 'users_roles'), `superuser:${SUPERUSER}\n`);
  const caFile = password === undefined ? undefined : await writeCertificates(conf);
  const lines = Object.entries({
    'cluster.name': 'spanledger-test',
    'node.name': 'node-1',
    'discovery.type': 'single-node',
    'node.portsfile': true,
    'http.host': '127.0.0.1',
    'http.port': port,
    'transport.host': '127.0.0.1',
    'transport.port': 0,
    'path.data': join(directory, 'data'),
    'path.logs': join(directory, 'logs'),
    'cluster.routing.allocation.disk.threshold_enabled': false,
    'xpack.security.enabled': password !== undefined,
    ...(password !== undefined && {
      'xpack.security.http.ssl.enabled': true,
      'xpack.security.http.ssl.key': 'node.key',
      'xpack.security.http.ssl.certificate': 'node.crt',
    }),
  }).map(([key, value]) => `${key}: ${JSON.stringify(value)}\n`);
  await writeFile(join(conf, 'elasticsearch.yml'), lines.join(''));
  return caFile;
}

/** Once: who starts the node again trusts the same authority. */
async function writeCertificates(conf: string): Promise<string> {
  const caFile = join(conf, 'ca.crt');
  if ((await readdir(conf)).includes('node.crt')) return caFile;
  const authority = await makeAuthority(conf);
  await issueCertificate(conf, authority, 'node');
  return caFile;
}

/** As the file realm keeps it; its own tool takes seconds to start. */
function hashPassword(password: string): string {
  const salt = randomBytes(32);
  const hash = pbkdf2Sync(password, salt, HASH_ITERATIONS, 32, 'sha512');
  return `{PBKDF2}${HASH_ITERATIONS}$${salt.toString('base64')}$${hash.toString('base64')}`;
}
