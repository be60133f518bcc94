/** What the kernel offers; addresses are offsets in its memory. `kernel/index.ts` says what each does. */
export interface KernelExports {
  memory: { readonly buffer: ArrayBuffer };
  begin: () => void;
  clear: () => void;
  usedSalts: () => number;
  setStream: (sizeBytes: number) => void;
  addShape: (shape: number) => void;
  addTemplate: (template: number) => void;
  find: (start: number, end: number, context: number, hasStream: number) => number;
  write: (template: number, spanBytes: number) => number;
  writeKnown: (template: number, spanBytes: number) => number;
  keepParties: (template: number) => void;
  forgetParties: () => void;
  commit: () => number;
  takeAttributes: (start: number, end: number, out: number, tag: number) => number;
}

const FUNCTIONS = [
  'begin',
  'clear',
  'usedSalts',
  'setStream',
  'addShape',
  'addTemplate',
  'find',
  'write',
  'writeKnown',
  'keepParties',
  'forgetParties',
  'commit',
  'takeAttributes',
] as const satisfies (keyof KernelExports)[];

/** Whether a module is the kernel, as far as can be told from outside. */
export function isKernel(exports: object): exports is KernelExports {
  const all = new Map<string, unknown>(Object.entries(exports));
  return hasBuffer(all.get('memory')) && FUNCTIONS.every((name) => typeof all.get(name) === 'function');
}

function hasBuffer(memory: unknown): boolean {
  return (
    typeof memory === 'object' &&
    memory !== null &&
    'buffer' in memory &&
    memory.buffer instanceof ArrayBuffer
  );
}
