/**
 * Who may use a route. `open`: everybody; `send`: senders; `read`: auditors and administrators; `log`: the same, unless
 * the public part of the log is open to all; `monitor`: whoever may read, and monitors.
 */
export type Door = 'open' | 'send' | 'read' | 'log' | 'monitor';

/** The options of a route that name its door. */
export interface WithDoor {
  config: { door: Door };
}

declare module 'fastify' {
  interface FastifyContextConfig {
    /** A route without one is refused when it is added. */
    door?: Door;
  }
}
