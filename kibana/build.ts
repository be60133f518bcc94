import { writeFile } from 'node:fs/promises';
import { shippedFiles } from './files.ts';

for (const [name, text] of Object.entries(shippedFiles())) {
  await writeFile(new URL(name, import.meta.url), text);
  process.stdout.write(`kibana/${name}: ${text.split('\n').length - 1} lines\n`);
}
