import { defineConfig } from 'vitest/config';

/** Milliseconds are what they take; the rest is for machines that do something else meanwhile. */
const quick = { testTimeout: 30_000 };
const slow = { testTimeout: 300_000, hookTimeout: 300_000 };

/** Most of these wait for processes that they started: two at a time on two cores. */
const sideBySide = { maxWorkers: 2, sequence: { groupOrder: 1 } };
/** These load the machine and break things in mid-flow: one after the other, when all else is done. */
const alone = { maxWorkers: 1, sequence: { groupOrder: 2 } };

export default defineConfig({
  test: {
    env: { OTEL_NODE_RESOURCE_DETECTORS: 'env,process' },
    projects: [
      { extends: true, test: { name: 'unit', include: ['test/unit/**/*.test.ts'], ...quick, ...sideBySide } },
      {
        extends: true,
        test: { name: 'contract', include: ['test/contract/**/*.test.ts'], ...quick, ...sideBySide },
      },
      {
        extends: true,
        test: { name: 'integration', include: ['test/integration/**/*.test.ts'], ...slow, ...sideBySide },
      },
      { extends: true, test: { name: 'fault', include: ['test/fault/**/*.test.ts'], ...slow, ...alone } },
      {
        extends: true,
        test: { name: 'interop', include: ['test/interop/**/*.test.ts'], ...slow, ...sideBySide },
      },
      {
        extends: true,
        test: {
          name: 'real',
          include: ['test/real/**/*.test.ts'],
          globalSetup: [
            'test/real/installation.ts',
            'test/real/elasticsearch/shared.ts',
            'test/real/keycloak/shared.ts',
          ],
          ...slow,
          ...sideBySide,
        },
      },
      { extends: true, test: { name: 'e2e', include: ['test/e2e/**/*.test.ts'], ...slow, ...sideBySide } },
    ],
  },
});
