import type { Client } from '@elastic/elasticsearch';
import { isJsonObject } from '@spanledger/record';

/** Servers without the call answer one of these. */
const NO_SUCH_CALL = [400, 404, 405];

/** A data stream that deletes by itself what is older. */
export interface StreamPeriod {
  stream: string;
  /** As Elasticsearch writes times: `365d`. */
  period: string;
}

/**
 * Asks which of some data streams delete by themselves, through their lifecycle or through what the cluster says for all of
 * them. What an ILM policy does is not told.
 *
 * @param client - with the privilege `view_index_metadata` on the streams
 */
export async function readStreamPeriods(client: Client, streams: readonly string[]): Promise<StreamPeriod[]> {
  const path = `/_data_stream/${streams.join(',')}/_lifecycle`;
  const { statusCode, body } = await client.transport.request(
    { method: 'GET', path },
    { meta: true, ignore: NO_SUCH_CALL },
  );
  const found = statusCode === 200 && isJsonObject(body) ? body['data_streams'] : [];
  return (Array.isArray(found) ? found : []).flatMap((one): StreamPeriod[] => {
    if (!isJsonObject(one) || !isJsonObject(one['lifecycle'])) return [];
    const { name, lifecycle } = one;
    const period = lifecycle['effective_retention'] ?? lifecycle['data_retention'];
    if (lifecycle['enabled'] === false || typeof period !== 'string' || typeof name !== 'string') return [];
    return [{ stream: name, period }];
  });
}
