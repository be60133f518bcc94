// Writes what Kibana imports from the sources beside it: node kibana/build.ts
import { writeFileSync } from 'node:fs';
import { renderFiles } from './files.ts';

for (const [name, text] of renderFiles()) writeFileSync(new URL(name, import.meta.url), text);
