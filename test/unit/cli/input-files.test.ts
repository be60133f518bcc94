import { generateCosigner, generateSigner } from '@spanledger/ledger';
import { describe, expect, it } from 'vitest';
import { describeError } from '../../../packages/cli/src/failure.ts';
import { readWitnessPolicy } from '../../../packages/cli/src/commands/witness-policy.ts';
import { readWatchedLogs } from '../../../packages/cli/src/commands/watched-logs.ts';
import { parseDocuments, readInputFile, readVkey } from '../../../packages/cli/src/input-files.ts';
import { testContext } from '../../support/cli/context.ts';

function thrownBy(action: () => unknown): unknown {
  try {
    action();
  } catch (error) {
    return error;
  }
  return undefined;
}

describe('parseDocuments', () => {
  it('reads one document, a list, and one a line', () => {
    expect(parseDocuments('{"a":1}', 'f')).toEqual([{ a: 1 }]);
    expect(parseDocuments('{\n  "a": 1\n}\n', 'f')).toEqual([{ a: 1 }]);
    expect(parseDocuments('[{"a":1},{"a":2}]', 'f')).toEqual([{ a: 1 }, { a: 2 }]);
    expect(parseDocuments('{"a":1}\n\n{"a":2}\n', 'f')).toEqual([{ a: 1 }, { a: 2 }]);
  });

  it('takes a search hit by its source', () => {
    expect(parseDocuments('{"_index":"i","_source":{"a":1}}', 'f')).toEqual([{ a: 1 }]);
  });

  it('refuses what stands beside the source of a hit and looks like the record', () => {
    for (const sibling of ['"audit":{}', '"@timestamp":"x"', '"user":{"id":"mallory"}', '"__proto__":{}']) {
      const read = (): unknown => parseDocuments(`{${sibling},"_index":"i","_source":{"a":1}}`, 'f');
      expect(read).toThrow(`f has the member ${sibling.slice(0, sibling.indexOf(':'))} beside _source`);
      expect(describeError(thrownBy(read)).exitCode).toBe(1);
    }
    const hit =
      '{"_index":"i","_id":"1","_score":null,"_version":1,"_seq_no":2,"_primary_term":1,"_ignored":[],' +
      '"_routing":"r","_source":{"a":1},"fields":{},"sort":[1],"highlight":{}}';
    expect(parseDocuments(hit, 'f')).toEqual([{ a: 1 }]);
  });

  it('refuses members that stand twice, at any depth and however they are spelled', () => {
    const texts = {
      '{"user":1,"user":2}': 'f is not taken: the member "user" stands twice',
      '{"user":{"id":"a","id":"b"}}': 'f is not taken: the member "user.id" stands twice',
      '{"a":1}\n{"b":[{},{"c":1,"\\u0063":1}]}': 'line 2 of f is not taken: the member "b.1.c" stands twice',
      '{"":1,"":2}': 'stands twice',
      '{"__proto__":1,"__proto__":2}': 'the member "__proto__" stands twice',
      '{"_source":{"a":"\\"{","a":1}}': 'the member "_source.a" stands twice',
    };
    for (const [text, message] of Object.entries(texts)) {
      expect(() => parseDocuments(text, 'f'), text).toThrow(message);
      expect(describeError(thrownBy(() => parseDocuments(text, 'f')))).toMatchObject({ exitCode: 1 });
    }
    const fine = '{"a":{"a":["a","a",{"a":"a"}],"b":"\\\\"},"b":{"a":true},"":null}';
    expect(parseDocuments(fine, 'f')).toEqual([JSON.parse(fine)]);
  });

  it('refuses numbers that it would round', () => {
    for (const number of [
      '9007199254740993',
      '1.0000000000000000001',
      '1e400',
      '1e-400',
      '-0.10000000000000001',
    ]) {
      expect(() => parseDocuments(`{"a":[${number}]}`, 'f'), number).toThrow(
        `the number ${number} at "a.0" is more exact than can be read`,
      );
    }
    for (const number of [
      '0',
      '-0',
      '0.0',
      '1.50',
      '1e3',
      '12.5E-3',
      '0.1',
      '1e21',
      '9007199254740992',
      '5e-324',
    ]) {
      expect(parseDocuments(`{"a":${number}}`, 'f'), number).toEqual([{ a: Number(number) }]);
    }
  });

  it('refuses what nests too deep, and takes long strings', () => {
    expect(() => parseDocuments(`{"a":${'['.repeat(100_000)}${']'.repeat(100_000)}}`, 'f')).toThrow('nested');
    const long = 'x\n'.repeat(1_000_000);
    expect(parseDocuments(JSON.stringify({ a: long }), 'f')).toEqual([{ a: long }]);
  });

  it('names the line or item that is none', () => {
    expect(() => parseDocuments('{"a":1}\n{"a":', 'f')).toThrow('line 2 of f is not JSON');
    expect(() => parseDocuments('[{},7]', '-')).toThrow('item 2 of standard input is no JSON object');
    expect(() => parseDocuments('', 'f')).toThrow('f holds no record');
    expect(() => parseDocuments('[]', 'f')).toThrow('f holds no record');
  });
});

describe('files', () => {
  it('are standard input by the name of -', async () => {
    const context = testContext({ readInput: () => Promise.resolve('typed') });
    expect(await readInputFile('-', context)).toBe('typed');
    await expect(readInputFile('/nowhere/at/all', context)).rejects.toThrow('/nowhere/at/all cannot be read');
  });

  it('are not needed for a verification key that is given itself', async () => {
    const { vkey } = generateSigner('log.example');
    const context = testContext({ readInput: () => Promise.resolve(`${vkey}\n`) });
    expect(await readVkey(vkey, context)).toBe(vkey);
    expect(await readVkey('-', context)).toBe(vkey);
  });

  it('are a mistake of the command line where they hold no verification key', async () => {
    const context = testContext({ readInput: () => Promise.resolve('{}') });
    for (const value of ['', '-', '/nowhere/at/all', 'log.example+12345678+AQID']) {
      const error: unknown = await readVkey(value, context).catch((thrown: unknown) => thrown);
      expect(describeError(error), value).toMatchObject({
        exitCode: 2,
        hint: expect.stringContaining('ledger.vkey'),
      });
    }
  });
});

describe('the keys of witnesses', () => {
  const [a, b] = [generateCosigner('witness.example/a'), generateCosigner('witness.example/b')];
  const context = testContext({ readInput: () => Promise.resolve(`# ours\n\n${a.vkey}\n  ${b.vkey}\r\n`) });

  it('are given themselves, or in a file with one a line', async () => {
    expect(await readWitnessPolicy({ witness: [a.vkey] }, context)).toEqual({ witnesses: [a.vkey] });
    expect(await readWitnessPolicy({ witness: ['-'], quorum: 2 }, context)).toEqual({
      witnesses: [a.vkey, b.vkey],
      quorum: 2,
    });
    expect(await readWitnessPolicy({}, context)).toEqual({ witnesses: [] });
  });

  it('are a mistake of the command line where they are none', async () => {
    const cases = [
      { witness: [generateSigner('log.example').vkey] },
      { witness: ['/nowhere/at/all'] },
      { witness: [''] },
      { witness: [a.vkey], quorum: 2 },
    ];
    for (const options of cases) {
      const error: unknown = await readWitnessPolicy(options, context).catch((thrown: unknown) => thrown);
      expect(describeError(error), JSON.stringify(options)).toMatchObject({ code: 'usage', exitCode: 2 });
    }
  });
});

describe('the logs that a witness watches', () => {
  const [old, renewed] = [generateSigner('log.example'), generateSigner('log.example')];

  it('are keys, with or without another origin; several of one origin belong together', async () => {
    const context = testContext({
      readInput: () => Promise.resolve(`${old.vkey}\n# and\n${renewed.vkey}\n`),
    });
    const logs = await readWatchedLogs(['-', `go.sum database tree ${old.vkey}`], context);
    expect(logs.map(({ origin, keys }) => [origin, keys.length])).toEqual([
      ['log.example', 2],
      ['go.sum database tree', 1],
    ]);
  });

  it('are a mistake of the command line where they are none', async () => {
    const witness = generateCosigner('witness.example/a');
    for (const text of ['no key', witness.vkey, `\u2014 x ${old.vkey}`, `${old.vkey} trailing`]) {
      const context = testContext({ readInput: () => Promise.resolve(`${text}\n`) });
      for (const value of ['-', text]) {
        const error: unknown = await readWatchedLogs([value], context).catch((thrown: unknown) => thrown);
        expect(describeError(error), `${value}: ${text}`).toMatchObject({ code: 'usage', exitCode: 2 });
      }
    }
  });

  it('are not more than a witness can remember', async () => {
    const lines = Array.from({ length: 257 }, (_, i) => `log ${i} ${old.vkey}`).join('\n');
    const context = testContext({ readInput: () => Promise.resolve(lines) });
    await expect(readWatchedLogs(['-'], context)).rejects.toMatchObject({
      message: expect.stringContaining('at most 256'),
    });
  });
});
