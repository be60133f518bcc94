import { Buffer } from 'node:buffer';

/**
 * Gives the memory of bytes back at once. V8 would do so when it next has to collect, hundreds of megabytes of bodies later.
 * Whoever looks at them nevertheless finds none; bytes that share their memory with others are left alone.
 */
export function releaseBytes(bytes: Uint8Array): void {
  const { buffer, byteLength } = bytes;
  // Small Buffers are cut from a common pool, which is as long as this says.
  const isShared = byteLength < buffer.byteLength && buffer.byteLength <= Buffer.poolSize;
  if (buffer instanceof ArrayBuffer && !isShared) buffer.transfer(0);
}
