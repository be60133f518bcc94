import { describe, expect, test } from 'vitest';
import { readRules } from '../../../../packages/exporter/src/alerts/rule-file.ts';
import { rulesOf } from './support.ts';

const HEAD = 'id: a\nname: A\nversion: 1\nseverity: low\ngroup_by: []\n';

function problems(text: string): string[] {
  const read = readRules(text, 'rules.yaml');
  return read.ok ? [] : read.problems;
}

test('one rule, or a list of them; what is not said is as usual', () => {
  const [rule] = rulesOf(`${HEAD}select: { x: { event.action: y } }\nalert_if: { count: 1 }`);
  expect(rule).toMatchObject({
    id: 'a',
    version: '1',
    description: '',
    condition: { type: 'selection', name: 'x' },
    windowMs: 0,
    suppressMs: 3_600_000,
    detection: { type: 'count', atLeast: 1 },
  });
  const list = rulesOf(
    'rules:\n  - { id: a, name: A, version: x, severity: low, group_by: [], select: { s: { f: 1 } }, window: 3h, alert_if: { count: 2 } }\n' +
      '  - { id: b, name: B, version: 2, severity: high, group_by: [f], select: { s: [{ f: 1 }, { g: null }] }, alert_if: { first: { learning: 1d } } }',
  );
  expect(list.map(({ id, suppressMs }) => [id, suppressMs])).toEqual([
    ['a', 10_800_000],
    ['b', 3_600_000],
  ]);
});

test('everything that is wrong is told at once, with line and column', () => {
  const text = `id: A_B
name: ""
version: 1
severity: grave
groupby: []
group_by: [client address]
window: 10x
select:
  one:
    client.address|cidr: 10.0.0.0/99
    event.action|near: x
  two:
    event.duration|gt: much
when: one and three
alert_if:
  distinct: { field: a, at_least: 2 }
  count: 1
`;
  expect(problems(text)).toEqual([
    'rules.yaml:1:1: id: must be up to 64 small letters, digits and hyphens',
    'rules.yaml:2:1: name: must not be empty',
    'rules.yaml:4:1: severity: must be low, medium, high or critical',
    'rules.yaml:6:12: group_by[0]: must be the name of a field, e.g. client.address',
    'rules.yaml:7:1: window: must be a time such as 90s, 10m, 2h or 30d',
    expect.stringMatching(/^rules\.yaml:15:1: alert_if: must have exactly one of absence, /),
    'rules.yaml:5:1: groupby: there is no such field; check the spelling',
  ]);
});

describe('what only the whole rule shows', () => {
  const cases: [string, string, string][] = [
    [
      'a network that is none',
      'select: { x: { client.address|cidr: 10.0.0.0/99 } }\nalert_if: { count: 1 }',
      '6:16: select.x.client.address|cidr: must be a network',
    ],
    [
      'a modifier that is none',
      'select: { x: { f|near: y } }\nalert_if: { count: 1 }',
      'there is no modifier "near"',
    ],
    [
      'a number that is none',
      'select: { x: [{ f|gt: y }] }\nalert_if: { count: 1 }',
      'select.x[0].f|gt: must be a number',
    ],
    ['a text that is none', 'select: { x: { f|contains: 1 } }\nalert_if: { count: 1 }', 'must be a text'],
    [
      'being there, or not',
      'select: { x: { f|exists: y } }\nalert_if: { count: 1 }',
      'must be true or false',
    ],
    [
      'selections that nothing joins',
      'select: { x: { f: 1 }, y: { f: 2 } }\nalert_if: { count: 1 }',
      'rules.yaml:1:1: the file: needs "when"',
    ],
    [
      'a condition without its selection',
      'select: { x: { f: 1 } }\nwhen: x and z\nalert_if: { count: 1 }',
      '7:1: when: names "z", but the selections are x',
    ],
    [
      'a condition that is none',
      'select: { x: { f: 1 } }\nwhen: (x\nalert_if: { count: 1 }',
      'lacks a closing parenthesis',
    ],
    [
      'a condition with too much',
      'select: { x: { f: 1 } }\nwhen: x x\nalert_if: { count: 1 }',
      'has "x" where and, or or nothing could stand',
    ],
    [
      'a condition with a strange sign',
      'select: { x: { f: 1 } }\nwhen: x & x\nalert_if: { count: 1 }',
      'cannot be read from "& x" on',
    ],
    [
      'a condition that ends',
      'select: { x: { f: 1 } }\nwhen: x and\nalert_if: { count: 1 }',
      'ends where the name of a selection is missing',
    ],
    [
      'a quantifier of nothing',
      'select: { x: { f: 1 } }\nwhen: 1 of z*\nalert_if: { count: 1 }',
      'needs "them" or the beginning of selections',
    ],
    ['counting without a time', 'select: { x: { f: 1 } }\nalert_if: { count: 2 }', 'needs "window"'],
    [
      'a step that is none',
      'window: 1m\nselect: { x: { f: 1 } }\nalert_if: { sequence: [x, z] }',
      'alert_if.sequence: names "z"',
    ],
    [
      'an absence of nothing',
      'window: 1m\nselect: { x: { f: 1 } }\nalert_if: { absence: z }',
      'alert_if.absence: names "z"',
    ],
    [
      'a sequence with a condition',
      'window: 1m\nselect: { x: { f: 1 }, y: { f: 2 } }\nwhen: x\nalert_if: { sequence: [x, y] }',
      'does not go with a sequence',
    ],
  ];
  test.each(cases)('%s', (_name, text, expected) => {
    expect(problems(HEAD + text).join('\n')).toContain(expected);
  });
});

test('files that are none', () => {
  expect(problems('- a\n')).toEqual([
    'rules.yaml:1:1: the file: must be a rule, or a list of rules under "rules"',
  ]);
  expect(problems('rules: 1')).toEqual(['rules.yaml:1:1: rules: must be a list of rules']);
  expect(problems('rules: []\nmore: 1')).toEqual([
    'rules.yaml:2:1: more: there is no such field beside "rules"',
  ]);
  expect(problems('id: a\nid: b\nname: [')).toHaveLength(2);
  const twice = `rules:\n${'  - { id: a, name: A, version: 1, severity: low, group_by: [], select: { x: { f: 1 } }, alert_if: { count: 1 } }\n'.repeat(2)}`;
  expect(problems(twice)).toEqual(['rules.yaml:3:7: rules[1].id: there is another rule a in this file']);
});
