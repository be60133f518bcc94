// A Keycloak to try things with: `node test/real/keycloak/start.ts`, until Ctrl-C.
import { startKeycloak } from './keycloak.ts';

const { address, close } = await startKeycloak();
process.stdout.write(`${address}\n`);
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void close();
  });
}
