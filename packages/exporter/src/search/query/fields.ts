const ALIASES: ReadonlyMap<string, readonly string[]> = new Map([
  ['session.id', ['audit.session.id', 'oidc.session.id', 'session.id']],
  ['trace_id', ['trace.id']],
  ['span_id', ['span.id']],
]);

const DATE_FIELDS: ReadonlySet<string> = new Set(['@timestamp']);

const ADDRESS_FIELDS: ReadonlySet<string> = new Set([
  'client.address',
  'client.ip',
  'network.local.address',
  'network.peer.address',
  'server.address',
  'source.address',
  'source.ip',
]);

const CLEAR_TEXT_FIELDS: ReadonlySet<string> = new Set([
  'audit.action',
  'audit.session.id',
  'audit.target.id',
  'error.type',
  'event.action',
  'event.reason',
  'http.route',
  'oidc.client_id',
  'oidc.error',
  'rule.id',
  'rule.name',
  'service.name',
  'span.id',
  'trace.id',
]);

/** The paths that a field of a query means: itself, or what it is an alias of. */
export function fieldPaths(field: string): readonly string[] {
  return ALIASES.get(field) ?? [field];
}

/** True for fields whose values are times, so that `field:2026-11` means "in November 2026". */
export function isDateField(field: string): boolean {
  return DATE_FIELDS.has(field);
}

/** True for fields whose values may be IP addresses, so that `field:10.0.0.0/8` means a network. */
export function isAddressField(field: string): boolean {
  return ADDRESS_FIELDS.has(field);
}

/** True for the fields of the hashed bytes whose words free text finds; those of opened groups it finds all. */
export function isClearTextField(field: string): boolean {
  return CLEAR_TEXT_FIELDS.has(field);
}
