// Imports nothing: main.ts asks before it loads what an older Node cannot.

/** The least Node that has all that is used, as package.json's `engines` says. */
const NODE_MINIMUM: readonly [major: number, minor: number] = [22, 15];

/** {@link NODE_MINIMUM} in words. */
export const NODE_LEAST: string = NODE_MINIMUM.join('.');

/**
 * Whether a Node has all that is used.
 *
 * @param version - `process.versions.node`
 */
export function isNewEnough(version: string): boolean {
  const [major = 0, minor = 0] = version.split('.').map(Number);
  const [leastMajor, leastMinor] = NODE_MINIMUM;
  return major > leastMajor || (major === leastMajor && minor >= leastMinor);
}

/**
 * What a Node that is too old is answered, for standard error.
 *
 * @param json - as one line of JSON
 */
export function renderTooOld(version: string, json: boolean): string {
  const message = `needs Node >= ${NODE_LEAST}; this is v${version}`;
  const hint =
    'Install a newer one from https://nodejs.org, or run it with: npx -p node@24 -p spanledger spanledger';
  return json
    ? `${JSON.stringify({ error: { code: 'node_too_old', message, hint } })}\n`
    : `spanledger: ${message}\n${hint}\n`;
}
