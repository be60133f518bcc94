import { z } from 'zod';

import { ExporterError } from './errors.ts';
import type { ErasureCertificate, PrivacyDesk } from './privacy-desk-types.ts';
import { RemoteClient, type RemoteArchiveOptions } from './remote-archive.ts';
import { erasureSchema, holdSchema } from './subjects/index.ts';

const json: z.ZodType<ErasureCertificate['record']> = z.record(z.string(), z.json());
const certificateSchema: z.ZodType<ErasureCertificate> = z.object({
  erasure: erasureSchema,
  origin: z.string(),
  vkey: z.string(),
  record: json,
  proof: z.string(),
});

/**
 * Asks a service's desk over HTTP. Who asks is told by the token.
 *
 * @param url - the service's address, such as `http://127.0.0.1:4319`
 * @throws TypeError when the address is not a URL
 */
export function connectPrivacyDesk(url: string, options: RemoteArchiveOptions = {}): PrivacyDesk {
  const client = new RemoteClient(url, options);
  const erasurePath = (id: string, more = ''): string => `api/erasures/${encodeURIComponent(id)}${more}`;
  const get = async (path: string, what: string): Promise<unknown> => {
    const answer = await client.jsonIfAny(path, {});
    if (answer !== undefined) return answer;
    throw new ExporterError('not_found', `there is no ${what}`);
  };
  return {
    async findSubject(subject) {
      const answer = await client.post('api/subjects', { subject });
      return readAnswer(z.object({ reference: z.string() }), answer).reference;
    },
    async requestErasure(subject, reason) {
      return readAnswer(erasureSchema, await client.post('api/erasures', { subject, reason }));
    },
    async approveErasure(id) {
      return readAnswer(erasureSchema, await client.post(erasurePath(id, '/approval'), {}));
    },
    async withdrawErasure(id) {
      return readAnswer(erasureSchema, await client.post(erasurePath(id, '/withdrawal'), {}));
    },
    async erasures() {
      const answer = await client.json('api/erasures', {});
      return readAnswer(z.object({ erasures: z.array(erasureSchema) }), answer).erasures;
    },
    async erasure(id) {
      return readAnswer(erasureSchema, await get(erasurePath(id), `erasure ${id}`));
    },
    async certificate(id) {
      return readAnswer(
        certificateSchema,
        await get(erasurePath(id, '/certificate'), `certificate of an erasure ${id} yet`),
      );
    },
    async addHold(hold) {
      return readAnswer(holdSchema, await client.post('api/holds', hold));
    },
    async holds() {
      return readAnswer(z.object({ holds: z.array(holdSchema) }), await client.json('api/holds', {})).holds;
    },
    async releaseHold(id, reason) {
      return readAnswer(
        holdSchema,
        await client.post(`api/holds/${encodeURIComponent(id)}/release`, { reason }),
      );
    },
  };
}

/**
 * Reads what a service answered.
 *
 * @throws ExporterError `archive_refused` where it is something else
 */
export function readAnswer<T>(schema: z.ZodType<T>, answer: unknown): T {
  const result = schema.safeParse(answer);
  if (result.success) return result.data;
  throw new ExporterError('archive_refused', 'the service answers with something else than was asked for', {
    hint: 'Is it of another version?',
  });
}
