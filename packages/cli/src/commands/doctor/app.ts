import { inspectApp } from '@spanledger/instrumentation-oidc/diagnostics';
import type { AppInspection, FoundPackage, LibraryCopy } from '@spanledger/instrumentation-oidc/diagnostics';
import { join, resolve } from 'node:path';
import { CliError } from '../../errors.ts';
import { bad, type Finding, good, warning } from './finding.ts';

/** The majors of OpenTelemetry's SDK to whose providers the instrumentation attaches. */
const SDK_MAJORS = [1, 2, 3];
const SDK_PACKAGES = /^@opentelemetry\/sdk-trace(?:-base|-node)?$/;

const WHY: Readonly<Record<NonNullable<LibraryCopy['reason']>, (copy: LibraryCopy) => string>> = {
  alias: () => 'installed under another name, by which the hooks do not know it',
  files_missing: ({ functions }) => `the files that define ${functions.join(', ')} are not there`,
  version_not_covered: ({ majors }) => `covered are the versions ${majors}`,
};

const FIX: Readonly<Record<NonNullable<LibraryCopy['reason']>, string>> = {
  alias: 'Install it under its own name, or call bindSession() where the application verifies tokens.',
  files_missing:
    'Install a release of it that has them, or call bindSession() where the application verifies tokens.',
  version_not_covered:
    'Install a version that is covered, or call bindSession() where the application verifies tokens.',
};

/**
 * Looks at what is installed in an application: what of it the instrumentation covers, and whether there is what it
 * needs.
 *
 * @param directory - The folder of the application's package.json.
 * @throws {CliError} if there is none, or none that can be read.
 */
export function checkApp(directory: string): Finding[] {
  const app = inspect(resolve(directory));
  return [
    ...checkCopies(app),
    checkInstrumentation(app),
    checkStart(app),
    ...checkProviders(app),
    ...(app.truncated
      ? [warning('packages', `only the first ${app.packages} were looked at`, 'Name a folder further down.')]
      : []),
  ];
}

function inspect(directory: string): AppInspection {
  try {
    return inspectApp(directory);
  } catch (error) {
    const file = join(directory, 'package.json');
    const missing = error instanceof Error && 'code' in error && error.code === 'ENOENT';
    throw new CliError('usage', missing ? `There is no ${file}.` : `${file} cannot be read.`, {
      hint: 'Name the folder of an application that is installed, with its package.json and node_modules.',
      cause: missing ? undefined : error,
    });
  }
}

function checkCopies({ copies }: AppInspection): Finding[] {
  if (copies.length === 0) {
    const detail = 'none of those that are known is installed here';
    const fix = 'Call bindSession() where the application verifies tokens.';
    return [{ ...warning('libraries', detail, fix), data: { copies: [] } }];
  }
  return copies.map((copy) => {
    const { library, version, path, reason, functions } = copy;
    const subject = `${library} ${version ?? '(no version)'}`;
    const finding =
      reason === undefined
        ? good(subject, `covered: ${functions.join(', ')} (${path})`)
        : bad(subject, `not covered: ${WHY[reason](copy)} (${path})`, FIX[reason]);
    return { ...finding, data: { ...copy } };
  });
}

function checkInstrumentation({ instrumentation }: AppInspection): Finding {
  const subject = 'instrumentation';
  return instrumentation === undefined
    ? warning(
        subject,
        '@spanledger/instrumentation-oidc is not installed here',
        'npm install @spanledger/instrumentation-oidc',
      )
    : good(subject, describe(instrumentation));
}

function checkStart({ startedWith, esModules }: AppInspection): Finding {
  const subject = 'start';
  const system = esModules ? 'ES modules; no further module hook is needed' : 'CommonJS';
  if (startedWith.length > 0) return good(subject, `${system}; by the script ${startedWith.join(', ')}`);
  return warning(
    subject,
    `${system}; no script of its package.json names the instrumentation`,
    'Start it with --import @spanledger/instrumentation-oidc/register, there or in NODE_OPTIONS.',
  );
}

function checkProviders({ providers, esModules }: AppInspection): Finding[] {
  const subject = 'tracer provider';
  if (providers.length === 0) {
    const fix = 'Use --import @spanledger/instrumentation-oidc/standalone, or install an OpenTelemetry SDK.';
    return [warning(subject, 'no package brings one', fix)];
  }
  const unknown = providers.filter(
    ({ name, version }) =>
      SDK_PACKAGES.test(name) && !SDK_MAJORS.includes(Number.parseInt(version ?? '', 10)),
  );
  const findings = [good(subject, providers.map(describe).join(', '))];
  for (const found of unknown) {
    const fix = `Install one of the SDK ${SDK_MAJORS.join(', ')}.`;
    findings.push(warning(subject, `${describe(found)} is not known`, fix));
  }
  if (esModules) {
    const detail =
      'OpenTelemetry’s own instrumentations see ES modules only where their module hook is registered; ours has its own';
    findings.push(good('module hook', detail));
  }
  return findings.map((finding) => ({ ...finding, data: { providers } }));
}

function describe({ name, version, path }: FoundPackage): string {
  return `${name} ${version ?? '(no version)'} (${path})`;
}
