// What the apps here do for an order: they check the token, and ask another service. It knows nothing of Spanledger.
import { createServer, get } from 'node:http';
import { createRemoteJWKSet, jwtVerify } from 'jose';

const { ISSUER, AUDIENCE } = process.env;
const keys = createRemoteJWKSet(new URL(`${ISSUER}/jwks`));

const warehouse = createServer((_request, response) => response.end('{"left":3}'));
warehouse.listen(0, '127.0.0.1');

/** The token's payload; throws if there is none, or a bad one. */
export async function authenticate(authorization = '') {
  const { payload } = await jwtVerify(authorization.slice('Bearer '.length), keys, {
    issuer: ISSUER,
    audience: AUDIENCE,
  });
  return payload;
}

/** How many there are, by the warehouse. */
export function askWarehouse(item) {
  return new Promise((resolve, reject) => {
    const address = { port: warehouse.address().port, path: `/stock/${encodeURIComponent(item)}?unit=piece` };
    get(address, (response) => response.on('data', (text) => resolve(JSON.parse(text)))).on('error', reject);
  });
}
