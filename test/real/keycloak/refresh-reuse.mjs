// Somebody who stole a refresh token, or an application with a fault: one refresh token, used twice.
import { allowInsecureRequests, discovery, genericGrantRequest, refreshTokenGrant } from 'openid-client';

const { ISSUER, CLIENT_ID, CLIENT_SECRET, USERNAME, PASSWORD } = process.env;
const client = await discovery(new URL(ISSUER), CLIENT_ID, CLIENT_SECRET, undefined, {
  execute: [allowInsecureRequests],
});
const granted = await genericGrantRequest(client, 'password', {
  username: USERNAME,
  password: PASSWORD,
  scope: 'openid',
});
await refreshTokenGrant(client, granted.refresh_token);
const refused = await refreshTokenGrant(client, granted.refresh_token).catch((error) => error);
console.log(`refused: ${refused.error}`);
