import fc from 'fast-check';
import { expect, it } from 'vitest';

import { decodeCursor, encodeCursor } from '../../../packages/exporter/src/cursor.ts';

it('comes back for the same question, and for no other', () => {
  fc.assert(
    fc.property(fc.string(), fc.string(), fc.nat({ max: 2 ** 52 }), (question, other, after) => {
      const cursor = encodeCursor({ question, after });
      expect(cursor).toMatch(/^[\w-]+$/);
      expect(decodeCursor(cursor, question)).toBe(after);
      if (other !== question) expect(() => decodeCursor(cursor, other)).toThrow(/cursor/);
    }),
  );
});

it('is refused, whatever else it is', () => {
  fc.assert(
    fc.property(fc.string(), (cursor) => {
      expect(() => decodeCursor(cursor, 'question')).toThrow(
        expect.objectContaining({ code: 'cursor_invalid' }),
      );
    }),
  );
});
