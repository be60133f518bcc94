import { existsSync, readFileSync } from 'node:fs';
import Module from 'node:module';
import { dirname, join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { memberOf, methodOf } from '../attach/global-api.ts';
import { guarded } from '../warning.ts';

/**
 * A process may hold several copies of the API: its ES module and its CommonJS form are two, and so is what a framework
 * has compiled into itself. Each has a proxy provider, from which tracers are taken before there is a provider. The
 * global symbol leads to none of these, so the copies are found as they are loaded.
 */
const API_FILE =
  /\/@opentelemetry\/api\/(?:build\/src|build\/esm|build\/esnext|dist|index)\/?(?:index)?\.[cm]?js$/;

/** More copies than this in one process are not served. */
export const MAX_API_COPIES = 64;

/**
 * Gives the provider to each copy of the API whose proxy has none, now and as they are loaded.
 *
 * @param provider - The provider.
 * @param preloads - Where copies may have been loaded from already: specifiers of `--import` and `--require`.
 */
export function serveApiCopies(provider: object, preloads: readonly string[]): void {
  const seen = new Set<string>();
  const serve = (url: string): void => {
    if (seen.has(url) || seen.size >= MAX_API_COPIES || !API_FILE.test(url)) return;
    seen.add(url);
    void serveCopy(url, provider);
  };
  for (const url of preloads.flatMap(apiFilesOf)) serve(url);
  Module.registerHooks({
    resolve(specifier, context, nextResolve) {
      const resolved = nextResolve(specifier, context);
      // After this turn: importing the file inside of its own resolution would recurse.
      if (API_FILE.test(resolved.url))
        setImmediate(() => {
          serve(withoutQuery(resolved.url));
        });
      return resolved;
    },
  });
}

async function serveCopy(url: string, provider: object): Promise<void> {
  try {
    const copy: unknown = await import(url);
    const trace = memberOf(copy, 'trace') ?? memberOf(memberOf(copy, 'default'), 'trace');
    const proxy = memberOf(trace, '_proxyTracerProvider');
    if (memberOf(proxy, '_delegate') !== undefined) return;
    guarded('SERVE_API', () => methodOf(proxy, 'setDelegate')?.(provider));
  } catch {
    // A copy that cannot be loaded serves nobody.
  }
}

function withoutQuery(url: string): string {
  const end = url.search(/[?#]/);
  return end === -1 ? url : url.slice(0, end);
}

/**
 * The specifiers that `--import` and `--require` name.
 *
 * @param execArgv - As `process.execArgv`.
 * @param nodeOptions - As the variable `NODE_OPTIONS`.
 */
export function preloadsOf(execArgv: readonly string[], nodeOptions: string | undefined): string[] {
  const words = [...(nodeOptions ?? '').split(/\s+/), ...execArgv];
  return words.flatMap((word, index) => {
    const match = /^(?:--import|--require|-r)(?:=(.+))?$/.exec(word);
    if (match === null) return [];
    const specifier = match[1] ?? words[index + 1];
    return specifier === undefined ? [] : [specifier.replaceAll('"', '')];
  });
}

/** The files by which the API is loaded from where a preload lies. */
function apiFilesOf(specifier: string): string[] {
  try {
    const here = pathToFileURL(join(process.cwd(), 'preload.js'));
    const manifest = Module.findPackageJSON(specifier, here);
    if (manifest === undefined) return [];
    const api = Module.findPackageJSON('@opentelemetry/api', pathToFileURL(manifest));
    if (api === undefined) return [];
    const { exports, main, module }: Record<string, unknown> = JSON.parse(readFileSync(api, 'utf8'));
    const files = [...stringsIn(memberOf(exports, '.')), main, module]
      .filter((file) => typeof file === 'string')
      .map((file) => join(dirname(api), file))
      .filter((file) => existsSync(file));
    return files.map((file) => pathToFileURL(file).href);
  } catch {
    // Not a package, or not to be found from here: its copy is served if something resolves it later.
    return [];
  }
}

function stringsIn(conditions: unknown): string[] {
  if (typeof conditions === 'string') return [conditions];
  if (typeof conditions !== 'object' || conditions === null) return [];
  return Object.values(conditions).flatMap(stringsIn);
}
