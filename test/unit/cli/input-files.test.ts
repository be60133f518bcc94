import { generateSigner } from '@spanledger/ledger';
import { describe, expect, it } from 'vitest';
import { describeError } from '../../../packages/cli/src/errors.ts';
import { parseDocuments, readInputFile, readVkey } from '../../../packages/cli/src/input-files.ts';
import { testContext } from '../../support/cli/context.ts';

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
