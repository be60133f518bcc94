/** Variables that would change what the demo shows. */
const OWN_VARIABLES = /^(OTEL_|SPANLEDGER_|SHOP_|NODE_OPTIONS$)/;
/** The one thing that may be changed from outside: how much of its own telemetry the shop samples. */
const SAMPLER_VARIABLES = /^OTEL_TRACES_SAMPLER/;

/**
 * @param env the demo's own environment
 * @returns what of it the programs of the demo are given
 */
export function inheritEnvironment(env: NodeJS.ProcessEnv): NodeJS.ProcessEnv {
  const kept = Object.entries(env).filter(
    ([name]) => !OWN_VARIABLES.test(name) || SAMPLER_VARIABLES.test(name),
  );
  return Object.fromEntries(kept);
}
