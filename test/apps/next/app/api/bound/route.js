import { bindSession } from '@spanledger/instrumentation-oidc';

// Where a gateway has verified the person already.
export async function GET(request) {
  const sub = request.headers.get('x-person');
  return Response.json({ bound: bindSession({ iss: 'https://idp', sub, sid: `session-of-${sub}` }) });
}
