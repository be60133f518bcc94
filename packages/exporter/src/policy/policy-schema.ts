import { z } from 'zod';
import { FALLBACK_RULE, POLICY_LEVELS, POLICY_SEVERITIES, type PolicyMatch } from './audit-policy.ts';
import { MAX_CLIENTS, MAX_ITEMS, MAX_NAME_LENGTH, MAX_RULES } from './limits.ts';
import { isRoutePattern, namesRoute } from './pattern.ts';

// Every message is "what is wrong; what to write", which parse-policy.ts takes apart.

const METHODS = ['GET', 'HEAD', 'POST', 'PUT', 'PATCH', 'DELETE', 'OPTIONS', 'TRACE', 'CONNECT', 'QUERY'];
const OUTCOMES = ['success', 'failure', 'unknown'];

/** A rule as the file has it. */
export interface RuleFields {
  name: string;
  match?: PolicyMatch | undefined;
  level: (typeof POLICY_LEVELS)[number];
  attributes?: string[] | undefined;
  retention?: string | undefined;
  severity?: (typeof POLICY_SEVERITIES)[number] | undefined;
}

/** A protected route as the file has it. */
export interface ProtectFields {
  'admin-only'?: string[] | undefined;
  route?: string[] | undefined;
  role?: string[] | undefined;
  scope?: string[] | undefined;
  method?: string[] | undefined;
  service?: string[] | undefined;
}

/** `audit-policy.yaml`. */
export interface PolicyFields {
  version: 1;
  roles?: string[] | undefined;
  default?: Omit<RuleFields, 'name' | 'match'> | undefined;
  rules?: RuleFields[] | undefined;
  protect?: ProtectFields[] | undefined;
  clients?: { client: string; scope: string[] }[] | undefined;
}

const name = z
  .string('is no text; write a name')
  .min(1, 'is empty; write a name')
  .max(MAX_NAME_LENGTH, `is too long; write at most ${MAX_NAME_LENGTH} characters`);
const route = name
  .startsWith('/', 'is no route; begin it with a slash, e.g. /admin/**')
  .refine(
    (text) => !text.startsWith('/') || isRoutePattern(text),
    'has a wildcard where none may be; write at most one * between two slashes, and ** only at the end: /admin/**',
  );
const oneOf = (values: readonly string[]): z.ZodType<string> =>
  z
    .string(`is none of them; write one of ${values.join(', ')}`)
    .refine((text) => values.includes(text), `is none of them; write one of ${values.join(', ')}`);
const method = z.preprocess((text) => (typeof text === 'string' ? text.toUpperCase() : text), oneOf(METHODS));

/** One item, or a list of them. */
function oneOrMore(item: z.ZodType<string>): z.ZodType<string[]> {
  return z.preprocess(
    (value) => (Array.isArray(value) || value === undefined ? value : [value]),
    z
      .array(item, 'is no list; write one or more')
      .min(1, 'is an empty list; write at least one, or leave the field out')
      .max(MAX_ITEMS, `has too many items; write at most ${MAX_ITEMS}`),
  );
}

/** A mapping with exactly these fields. */
function mapping<Shape extends z.ZodRawShape>(shape: Shape): z.ZodObject<Shape, z.core.$strict> {
  const fields = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys'
        ? `there is no such field; write one of ${fields}`
        : `is no mapping; write the fields ${fields}`,
  });
}

const level = z.enum(POLICY_LEVELS, `is no level; write one of ${POLICY_LEVELS.join(', ')}`);
const result = {
  level,
  attributes: oneOrMore(name).optional(),
  retention: z
    .string('is no name; write small letters, digits and hyphens, e.g. seven-years')
    .regex(
      /^[a-z0-9][a-z0-9-]{0,31}$/,
      'is no name of a class; write up to 32 small letters, digits and hyphens, e.g. seven-years',
    )
    .optional(),
  severity: z
    .enum(POLICY_SEVERITIES, `is no severity; write one of ${POLICY_SEVERITIES.join(', ')}`)
    .optional(),
};
const match = mapping({
  role: oneOrMore(name).optional(),
  scope: oneOrMore(name).optional(),
  client: oneOrMore(name).optional(),
  service: oneOrMore(name).optional(),
  route: oneOrMore(route).optional(),
  method: oneOrMore(method).optional(),
  outcome: oneOrMore(oneOf(OUTCOMES)).optional(),
  action: oneOrMore(name).optional(),
});

const rule = mapping({
  name: name
    .regex(
      /^[a-z0-9][a-z0-9-]{0,63}$/,
      'is no name of a rule; write up to 64 small letters, digits and hyphens',
    )
    .refine((text) => text !== FALLBACK_RULE, 'is what no rule is called; give it another name'),
  match: match.optional(),
  ...result,
}).superRefine((fields, context) => {
  demandAttributesFit(fields, context);
  if (fields.level !== 'none') return;
  const routes = fields.match?.route;
  if (routes === undefined) {
    const message = 'leaves out calls that nobody named; name them in match.route, or write level: metadata';
    context.addIssue({ code: 'custom', path: ['level'], message });
  }
  for (const [at, each] of (routes ?? []).entries()) {
    if (namesRoute(each)) continue;
    const message =
      'names no route, and level is none; begin it with a segment without a wildcard, e.g. /healthz';
    context.addIssue({ code: 'custom', path: ['match', 'route', at], message });
  }
  if (fields.severity !== undefined) {
    const message = 'has nothing to count for where level is none; leave it out, or write level: metadata';
    context.addIssue({ code: 'custom', path: ['severity'], message });
  }
});

const fallback = mapping(result).superRefine((fields, context) => {
  demandAttributesFit(fields, context);
  if (fields.level !== 'none') return;
  const message = 'would leave out what nobody named; write metadata, request or full';
  context.addIssue({ code: 'custom', path: ['level'], message });
});

const protect = mapping({
  'admin-only': oneOrMore(route).optional(),
  route: oneOrMore(route).optional(),
  role: oneOrMore(name).optional(),
  scope: oneOrMore(name).optional(),
  method: oneOrMore(method).optional(),
  service: oneOrMore(name).optional(),
}).superRefine((fields, context) => {
  const isAdminOnly = fields['admin-only'] !== undefined;
  const add = (path: string[], message: string): void => {
    context.addIssue({ code: 'custom', path, message });
  };
  if (isAdminOnly && fields.route !== undefined)
    add(['route'], 'stands beside admin-only, which names the route; leave one of them out');
  if (isAdminOnly && fields.role !== undefined)
    add(['role'], 'stands beside admin-only, which is role: admin; write route and role instead');
  if (!isAdminOnly && fields.route === undefined)
    add([], 'protects no route; add route, e.g. route: /orders/**');
  if (!isAdminOnly && fields.role === undefined && fields.scope === undefined)
    add([], 'asks for nothing; add role or scope, or write admin-only in place of route');
});

/** Strict everywhere, and every error at once. */
export const policySchema: z.ZodType<PolicyFields> = mapping({
  version: z.literal(1, 'is no version of the format; write version: 1'),
  roles: z
    .array(name, 'is no list; write the roles from the lowest to the highest, e.g. [user, support, admin]')
    .max(MAX_ITEMS, `has too many items; write at most ${MAX_ITEMS}`)
    .optional(),
  default: fallback.optional(),
  rules: z
    .array(rule, 'is no list; write the rules one below the other, each with a hyphen')
    .max(MAX_RULES, `has too many rules; write at most ${MAX_RULES}`)
    .optional(),
  protect: z
    .array(protect, 'is no list; write e.g. - admin-only: /admin/**')
    .max(MAX_RULES, `has too many routes; write at most ${MAX_RULES}`)
    .optional(),
  clients: z
    .array(
      mapping({ client: name, scope: oneOrMore(name) }),
      'is no list; write e.g. - { client: shop-web, scope: [openid, orders:read] }',
    )
    .max(MAX_CLIENTS, `has too many clients; write at most ${MAX_CLIENTS}`)
    .optional(),
});

function demandAttributesFit(
  { level: kept, attributes }: { level: string; attributes?: readonly string[] | undefined },
  context: z.RefinementCtx,
): void {
  if (attributes === undefined || kept === 'request') return;
  const message = `says nothing where level is ${kept}; write level: request, or leave it out`;
  context.addIssue({ code: 'custom', path: ['attributes'], message });
}
