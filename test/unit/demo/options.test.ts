import { describe, expect, it } from 'vitest';
import { HELP, readOptions } from '../../../packages/demo/src/options.ts';

describe('readOptions', () => {
  it('serves on a free port, with a directory of its own, when nothing is said', () => {
    expect(readOptions([])).toEqual({
      options: expect.objectContaining({ once: false, json: false, data: undefined, port: 0 }),
    });
  });

  it('reads every option, behind a "--" or not', () => {
    const args = ['--once', '--json', '--data', 'out', '--port', '4319'];
    const options = { once: true, json: true, data: 'out', port: 4319 };
    expect(readOptions(args)).toEqual({ options: expect.objectContaining(options) });
    expect(readOptions(['--', ...args])).toEqual({ options: expect.objectContaining(options) });
  });

  it('prints help', () => {
    expect(readOptions(['--once', '--help'])).toEqual({ text: HELP, exitCode: 0 });
    expect(HELP).not.toContain('secrets-file');
  });

  it.each([
    [['--twice'], "'--twice'"],
    [['once'], "'once'"],
    [['--port', '70000'], '"70000"'],
    [['--port', 'http'], '"http"'],
    [['--data', ''], '--data'],
    [['--once=yes'], '--once'],
  ])('refuses %j with status 2 and says why', (args, reason) => {
    expect(readOptions(args)).toEqual({ text: expect.stringContaining(reason), exitCode: 2 });
  });
});
