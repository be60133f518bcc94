import { unpackAlertmanager } from './alertmanager/alertmanager.ts';
import { installChromium } from './chromium/chromium.ts';
import { collectorProgram } from './collector/distribution.ts';
import { elasticsearchHome } from './elasticsearch/distribution.ts';
import { installKeycloak } from './keycloak/install.ts';

/**
 * Vitest's global set-up: whatever a new machine lacks is fetched and built before the first test, whose time is limited.
 * One after the other, for each takes both cores; a machine that has all of it loses no second.
 */
export async function setup(): Promise<void> {
  for (const install of [
    elasticsearchHome,
    installKeycloak,
    installChromium,
    unpackAlertmanager,
    collectorProgram,
  ])
    await install();
}
