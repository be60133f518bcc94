import { describe, expect, it } from 'vitest';

import { createBlindKey } from '../../../../packages/exporter/src/blind-key.ts';
import { planQuery } from '../../../../packages/exporter/src/search/embedded/query-plan.ts';
import type { QueryPlan } from '../../../../packages/exporter/src/search/embedded/query-plan.ts';
import { parseQuery } from '../../../../packages/exporter/src/search/query/index.ts';

const key = createBlindKey(new Uint8Array(32));
const november = Date.UTC(2026, 10, 1);
const december = Date.UTC(2026, 11, 1);

function plan(
  query: string,
  shapesWith: (field: string) => string[] | undefined = () => ['?shape'],
  shapesWithout: (fields: readonly string[]) => string[] | undefined = () => ['?other'],
): QueryPlan {
  return planQuery(parseQuery(query), { key, shapes: { shapesWith, shapesWithout } });
}

describe('planQuery', () => {
  it('hides what is asked of committed fields', () => {
    expect(plan('user.id:alice').atMost).toMatch(/^\("[0-9a-f]{16}" OR "user\.id=alice" OR "!more"\)$/);
    expect(plan('parcel').atMost).toMatch(/^\(\("[0-9a-f]{16}" OR .* OR "trace\.id=parcel"\) OR "!more"\)$/);
  });

  it('looks for what a field does not exist in where the field is not, which may be little', () => {
    const few = '("?other" OR "?none" OR "!more")';
    expect(plan('not span.id:*').atMost).toBe(few);
    expect(plan('not span.id:* and parcel').atMost).toMatch(/^\(\("\?other" OR "\?none" OR "!more"\) AND /);
    expect(plan('not span.id:*', undefined, () => undefined).atMost).toBe('("+" NOT "?shape")');
  });

  it('escapes values, so that none can be an expression', () => {
    expect(plan('event.action:"A\\" OR *"').atMost).toContain('"event.action=^a%22%20^o^r%20%2a"');
  });

  it('narrows by time where a query has one', () => {
    expect(plan('@timestamp:2026-11').time).toEqual({ from: november, to: december - 1 });
    expect(plan('@timestamp >= 2026-11 and @timestamp < 2026-12 and a:b').time).toEqual({
      from: november,
      to: december - 1,
    });
    expect(plan('@timestamp:2026-11 or @timestamp > 2026-11').time).toEqual({ from: november, to: Infinity });
    expect(plan('@timestamp:2026-11 or a:b').time).toBeUndefined();
    expect(plan('not @timestamp:2026-11').time).toBeUndefined();
    expect(plan('@timestamp < 2026-11 and @timestamp > 2026-11')).toMatchObject({
      time: { from: december, to: november - 1 },
    });
  });

  it('narrows by place in the ledger', () => {
    expect(plan('audit.ledger.index >= 10 and audit.ledger.index < 20').indexes).toEqual({
      from: 10,
      to: 20,
    });
  });

  it('leaves out only what is sure to match', () => {
    expect(plan('not event.outcome:success').atMost).toBe('("+" NOT "event.outcome=success")');
    expect(plan('not audit.openings.identity.salt:x').atMost).toBeUndefined();
    expect(plan('not event.duration:5').atMost).toBeUndefined();
    expect(plan('not (event.outcome:success and event.duration > 5)').atMost).toBeUndefined();
    expect(plan('not (event.outcome:success or event.duration > 5)').atMost).toBe(
      '("+" NOT "event.outcome=success")',
    );
  });

  it('asks for the sets of fields that have a field, and for none when there are too many', () => {
    expect(plan('user.id:*').atMost).toBe('("?shape" OR "?none" OR "!more")');
    expect(plan('not service.name:*').atLeast).toBe('("+" NOT ("?shape" OR "?none" OR "!more"))');
    expect(plan('not service.name:*').counted).toBe('("+" NOT ("?shape" OR "?none" OR "!more"))');
    expect(plan('user.id:*', () => undefined)).toEqual({});
    expect(plan('http.response.status_code > 5', () => undefined).atMost).toBeUndefined();
  });

  it('counts only what is sure to match', () => {
    expect(plan('event.outcome:success and user.id:alice').counted).toMatch(
      /^\(\("[0-9a-f]{16}" OR "event\.outcome=success"\) AND \("[0-9a-f]{16}" OR "user\.id=alice"\)\)$/,
    );
    expect(plan('http.response.status_code >= 400').counted).toContain('#p2.4"');
    expect(plan('http.response.status_code > 400').counted).not.toContain('#p2.4"');
    expect(plan('http.response.status_code >= 450').counted).not.toContain('#p2.4"');
    expect(plan('http.response.status_code < 400').counted).toContain('#p2.3"');
    expect(plan('http.response.status_code <= 450').counted).not.toContain('#p2.4"');
    expect(plan('parcel').counted).toContain('"service.name=parcel"');
    for (const unsure of [
      '"rush parcel"',
      'rus*',
      'user.id:a*l*',
      'event.duration:5*',
      'a:b and event.duration:5*',
    ]) {
      expect(plan(unsure).counted, unsure).toBeUndefined();
    }
    expect(plan('user.email:*@mail.example').counted).toMatch(/^"[0-9a-f]{16}"$/);
    expect(plan('user.email:*e@mail.example').counted).toBeUndefined();
    expect(plan('client.address:10.0.0.0/16').counted).toMatch(/^"[0-9a-f]{16}"$/);
    expect(plan('client.address:10.0.0.0/15').counted).toBeUndefined();
  });

  it('takes the beginning of a long value for no value', () => {
    const long = 'y'.repeat(200);
    expect(plan(`not event.action:${long}`).atMost).toBeUndefined();
    expect(plan(`event.action:${long}`).counted).not.toContain('event.action');
    expect(plan(`event.action:${long.slice(2)}`).counted).toContain('event.action');
  });

  it('counts by times only where they are whole', () => {
    expect(plan('@timestamp >= "2026-11-01T00:00:00.0000001Z" and a:b')).toMatchObject({
      time: { from: november, to: Infinity },
      countedTime: { from: november + 1, to: Infinity },
    });
    expect(plan('@timestamp < "2026-12-01T00:00:00.0000001Z"')).toMatchObject({
      time: { from: -Infinity, to: december },
      countedTime: { from: -Infinity, to: december - 1 },
    });
    expect(plan('@timestamp:2026-11 or a:b').countedTime).toBeUndefined();
    expect(plan('not @timestamp:2026-11').counted).toBeUndefined();
  });

  it('covers a range of numbers with few prefixes', () => {
    const { atMost = '' } = plan('http.response.status_code >= 400');
    expect(atMost).toContain('"http.response.status_code#p2.4"');
    expect(atMost).not.toContain('"http.response.status_code#p2.3"');
    expect(atMost.split(' OR ').length).toBeLessThan(32);
  });
});
