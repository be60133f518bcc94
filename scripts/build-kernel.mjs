// Builds the intake's inner loop, which is AssemblyScript, into packages/exporter/dist. Nothing is done where it is there
// and newer than all that it is made of.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

/** As `src/receive/kernel/layout.ts` has it. */
const MEMORY_PAGES = '344';
/** Below are the compiler's own constants; the layout begins behind them. */
const OWN_MEMORY_AT = '1024';

const root = dirname(dirname(fileURLToPath(import.meta.url)));
const exporter = join(root, 'packages/exporter');
const out = join(exporter, 'dist/span-kernel.wasm');
const compiler = join(exporter, 'node_modules/assemblyscript/bin/asc.js');
const sources = [
  ...readdirSync(join(exporter, 'kernel')).map((name) => join(exporter, 'kernel', name)),
  join(exporter, 'src/receive/kernel/layout.ts'),
  join(exporter, 'src/receive/transcode/steps.ts'),
  compiler,
  fileURLToPath(import.meta.url),
];

const modified = (file) => statSync(file).mtimeMs;
if (!existsSync(out) || sources.some((file) => modified(file) > modified(out))) {
  mkdirSync(dirname(out), { recursive: true });
  const options = ['-O3', '--converge', '--noAssert', '--runtime', 'stub', '--disableWarning', '201'];
  const memory = [
    '--memoryBase',
    OWN_MEMORY_AT,
    '--initialMemory',
    MEMORY_PAGES,
    '--maximumMemory',
    MEMORY_PAGES,
  ];
  const features = ['--enable', 'simd', '--enable', 'bulk-memory'];
  const args = [compiler, join(exporter, 'kernel/index.ts'), '-o', out, ...options, ...memory, ...features];
  const { status } = spawnSync(process.execPath, args, { stdio: 'inherit' });
  process.exitCode = status ?? 1;
}
