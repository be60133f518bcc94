import type { Attack } from '../attack.ts';
import { checkpointIn, LogCopy } from '../log-copy.ts';

export const editCheckpoint: Attack = {
  name: 'edit the checkpoint',
  needs: 'files',
  about:
    'The checkpoint states another size, another root, another name or a line more, its signature is another, or it is gone. Every other time the last one of the history is changed alike.',
  commit({ log, forger, random }) {
    const copy = new LogCopy(log.files);
    const lines = copy.checkpoint.split('\n');
    const [origin = '', size = '', root = ''] = lines;
    const changes = [
      () => lines.with(1, String(Number(size) + random.between(1, 1000))),
      () => lines.with(1, String(random.between(1, Number(size) - 1))),
      () => lines.with(2, Buffer.from(root, 'base64').fill(random.integer(256), 0, 16).toString('base64')),
      () => lines.with(0, `${origin}2`),
      () => lines.toSpliced(3, 0, `extension ${random.integer(1000)}`),
      () =>
        lines.with(
          4,
          (lines[4] ?? '').replace(/.{8}$/, () => Buffer.alloc(6, random.integer(256)).toString('base64')),
        ),
      () => forger.signNote(lines.slice(0, 3).join('\n') + '\n').split('\n'),
      () => [],
    ];
    const note = random.pick(changes)().join('\n');
    if (note === '') copy.files.delete('checkpoint');
    else if (random.flip()) copy.checkpoint = note;
    else copy.publish([...copy.notes().filter((kept) => checkpointIn(kept).size < Number(size)), note]);
    return { files: copy.files, soundTo: Number(size) };
  },
};
