import { resolve } from 'node:path';
import { z } from 'zod';
import {
  ANY_SERVICE,
  loadCertificate,
  MAX_NAME_LENGTH,
  MAX_SERVICES,
  ROLES,
  type AccessConfig,
  type Role,
  type TlsConfig,
  type TlsProblem,
} from '../doors/index.ts';

/** Names of client certificates that are granted something. */
const MAX_CERTIFICATES = 256;

/** `tls` as the file has it. */
export interface TlsFields {
  cert_file?: string | undefined;
  key_file?: string | undefined;
  client_ca_file?: string | undefined;
  client_certificate?: 'required' | 'optional' | undefined;
  min_version?: 'TLSv1.2' | 'TLSv1.3' | undefined;
}

/** `access` as the file has it. */
export interface AccessFields {
  required?: boolean | undefined;
  public_log?: boolean | undefined;
  record_reading?: boolean | undefined;
  certificates?: { name: string; role: Role; services?: string[] | undefined }[] | undefined;
}

const file = z.string().min(1, 'must name a file').optional();
const name = z
  .string()
  .min(1, 'must not be empty')
  .max(MAX_NAME_LENGTH, `must have at most ${MAX_NAME_LENGTH} characters`);

/** What of `tls` stands on its own. */
export const tlsSchema: z.ZodType<TlsFields> = z.strictObject({
  cert_file: file,
  key_file: file,
  client_ca_file: file,
  client_certificate: z.enum(['required', 'optional'], 'must be required or optional').optional(),
  min_version: z.enum(['TLSv1.2', 'TLSv1.3'], 'must be TLSv1.2 or TLSv1.3').optional(),
});

/** What of `access` stands on its own. */
export const accessSchema: z.ZodType<AccessFields> = z.strictObject({
  required: z.boolean('must be true or false').optional(),
  public_log: z.boolean('must be true or false').optional(),
  record_reading: z.boolean('must be true or false').optional(),
  certificates: z
    .array(
      z
        .strictObject({
          name,
          role: z.enum(ROLES, `must be one of ${ROLES.join(', ')}`),
          services: z
            .array(name)
            .min(1, 'must name a service')
            .max(MAX_SERVICES, `must be at most ${MAX_SERVICES}`)
            .optional(),
        })
        .refine(
          ({ role, services }) => (role === 'sender') === (services !== undefined),
          `must name services if its role is sender (["${ANY_SERVICE}"] for any), and only then`,
        ),
      'must be a list of certificates',
    )
    .max(MAX_CERTIFICATES, `must be at most ${MAX_CERTIFICATES}`)
    .refine(
      (certificates) => new Set(certificates.map((one) => one.name)).size === certificates.length,
      'must have different names',
    )
    .optional(),
});

/** What the fields mean together. */
export interface DoorFields {
  tls: TlsFields | undefined;
  access: AccessFields | undefined;
  /** Where relative paths begin. */
  directory: string;
  /** The files of `tls` are read too: whoever is not the service may have no right to. */
  checkFiles: boolean;
}

/**
 * How connections are encrypted, and who may come in.
 *
 * @param problems - receives what does not fit together
 */
export function readDoors(
  { tls, access, directory, checkFiles }: DoorFields,
  problems: string[],
): { tls: TlsConfig | undefined; access: AccessConfig } {
  const config = tls && readTls(tls, directory, problems);
  if (config !== undefined && checkFiles) {
    const found: TlsProblem[] = [];
    loadCertificate(config, found);
    problems.push(...found.map(({ field, message }) => `tls.${field}: ${message}`));
  }
  const {
    required,
    public_log: publicLog = false,
    record_reading: recordReading = true,
    certificates = [],
  } = access ?? {};
  if (certificates.length > 0 && tls?.client_ca_file === undefined) {
    problems.push('access.certificates: without tls.client_ca_file no client certificate is asked for');
  }
  return {
    tls: config,
    access: {
      required,
      publicLog,
      recordReading,
      certificates: certificates.map(({ services = [], ...rest }) => ({ ...rest, services })),
    },
  };
}

function readTls(fields: TlsFields, directory: string, problems: string[]): TlsConfig | undefined {
  const { cert_file: certFile, key_file: keyFile, client_ca_file: clientCaFile } = fields;
  if (certFile === undefined) problems.push('tls.cert_file: must name the certificate of the service');
  if (keyFile === undefined) problems.push('tls.key_file: must name the private key of the certificate');
  if (fields.client_certificate !== undefined && clientCaFile === undefined) {
    problems.push('tls.client_certificate: without tls.client_ca_file there is none to be asked for');
  }
  if (certFile === undefined || keyFile === undefined) return undefined;
  return {
    certFile: resolve(directory, certFile),
    keyFile: resolve(directory, keyFile),
    clientCaFile: clientCaFile && resolve(directory, clientCaFile),
    clientCertificate: fields.client_certificate ?? 'required',
    minVersion: fields.min_version ?? 'TLSv1.2',
  };
}
