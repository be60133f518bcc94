/**
 * Who may use a route. `open`: everybody; `send`: senders; `read`: auditors, privacy officers and administrators; `log`: the same, unless
 * the public part of the log is open to all; `monitor`: whoever may read, and monitors; `privacy`: privacy officers and
 * administrators.
 */
export type Door = 'open' | 'send' | 'read' | 'log' | 'monitor' | 'privacy';

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
