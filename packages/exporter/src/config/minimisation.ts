import { z } from 'zod';
import {
  FIELD_ACTIONS,
  type FieldAction,
  MAX_FIELD_RULES,
  MAX_RULE_NAME_LENGTH,
  MAX_RULE_NAMES,
  type MinimisationConfig,
  quarantinedFields,
  refuseAction,
  selectFields,
} from '../minimisation/index.ts';

/** What `privacy` may say of fields. */
export interface MinimisationFields {
  fields?:
    | {
        fields: string[];
        action: FieldAction;
        services?: string[] | undefined;
        routes?: string[] | undefined;
      }[]
    | undefined;
  quarantine?: boolean | undefined;
  quarantine_except?: string[] | undefined;
}

function names(what: string, example: string): z.ZodType<string[]> {
  return z
    .array(
      z
        .string()
        .min(1, 'must not be empty')
        .max(MAX_RULE_NAME_LENGTH, `must have at most ${MAX_RULE_NAME_LENGTH} characters`),
      `must be a list of ${what}, e.g. [${example}]`,
    )
    .min(1, `must name at least one of the ${what}`)
    .max(MAX_RULE_NAMES, `must be at most ${MAX_RULE_NAMES}`);
}

const fieldRule = z.strictObject({
  fields: names('fields', 'client.address'),
  action: z.enum(FIELD_ACTIONS, `must be one of ${FIELD_ACTIONS.join(', ')}`),
  services: names('services', 'shop').optional(),
  routes: names('routes', '"/people/*"').optional(),
});

/** The members of `privacy` that are about fields. */
export const minimisationSchema: {
  fields: z.ZodType<MinimisationFields['fields']>;
  quarantine: z.ZodOptional<z.ZodBoolean>;
  quarantine_except: z.ZodType<string[] | undefined>;
} = {
  fields: z
    .array(fieldRule, 'must be a list of rules, e.g. [{ fields: [client.address], action: truncate }]')
    .max(MAX_FIELD_RULES, `must be at most ${MAX_FIELD_RULES} rules`)
    .optional(),
  quarantine: z.boolean('must be true or false').optional(),
  quarantine_except: names('fields', 'http.route').optional(),
};

/**
 * What of the fields is kept.
 *
 * @param problems - receives what cannot be done, by field
 */
export function readMinimisation(
  { fields = [], quarantine = true, quarantine_except: except = [] }: MinimisationFields = {},
  problems: string[],
): MinimisationConfig {
  for (const [i, rule] of fields.entries()) {
    for (const name of rule.fields) {
      const selection = selectFields(name);
      const refusal = typeof selection === 'string' ? selection : refuseAction(name, rule.action);
      if (refusal !== undefined) problems.push(`privacy.fields.${i}.fields: ${refusal}`);
    }
  }
  const known = quarantinedFields();
  for (const name of except) {
    if (known.includes(name)) continue;
    problems.push(
      `privacy.quarantine_except: ${name} is none of the fields that are looked at: ${known.join(', ')}`,
    );
  }
  return { fields, quarantine, quarantineExcept: except };
}
