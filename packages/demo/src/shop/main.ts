import { createServer } from 'node:http';
import { once } from 'node:events';
import { createApp } from './app.ts';
import { readConfiguration } from './configuration.ts';
import { RelyingParty } from './relying-party.ts';

const config = readConfiguration(process.env);
const server = createServer();
server.listen(config.port, config.host);
await once(server, 'listening');
const address = server.address();
const shopUrl = `http://${config.host}:${typeof address === 'object' ? address?.port : config.port}`;
server.on('request', createApp(config, await RelyingParty.discover(config, shopUrl)));
console.log(`shop listening on ${shopUrl}`);

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    server.close();
    server.closeAllConnections();
  });
}
