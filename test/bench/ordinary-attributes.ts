/** What an auto-instrumented HTTP server writes beside its session: 20 attributes together. */
export const ORDINARY = {
  'http.scheme': 'https',
  'url.scheme': 'https',
  'server.address': 'shop.example',
  'server.port': 443,
  'network.protocol.version': '1.1',
  'network.peer.address': '10.0.0.7',
  'network.peer.port': 51_234,
  'oidc.session.state': 'active',
  'express.type': 'request_handler',
  'express.name': '/orders/:id',
};
