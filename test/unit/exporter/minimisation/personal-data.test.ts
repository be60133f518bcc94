import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { recognizePersonalData } from '../../../../packages/exporter/src/minimisation/personal-data.ts';

describe('what looks personal', () => {
  test.each([
    ['email', 'alice@example.com'],
    ['email', '/users/alice.smith+x@mail.example.co.uk/orders'],
    ['email', 'jörg@bücher.example'],
    ['phone', '+49 30 901820'],
    ['phone', 'call:+1-202-555-0142'],
    ['phone', '/sms/+4915112345678'],
    ['payment_card', '4111 1111 1111 1111'],
    ['payment_card', 'pay 5500-0000-0000-0004 now'],
    ['payment_card', '/cards/378282246310005'],
    ['iban', 'DE89370400440532013000'],
    ['iban', '/transfer/GB82 WEST 1234 5698 7654 32'],
    ['jwt', 'Bearer eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiJhbGljZSJ9.c2lnbmF0dXJl'],
  ])('%s: %s', (kind, text) => {
    expect(recognizePersonalData(text)).toBe(kind);
  });
});

describe('what does not', () => {
  test.each([
    '/orders/:id',
    'GET /orders/{id}/items',
    '1.2.3-rc.1+build.4711',
    '2026-11-22T10:00:00.123456789Z',
    '550e8400-e29b-41d4-a716-446655440000',
    '4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-0',
    '4111 1111 1111 1112',
    '1234567890123456',
    '0000000000000000',
    'DE89370400440532013001',
    '@opentelemetry/instrumentation-http',
    'npm:@scope/name@1.2.3',
    'a@b',
    'orders:read orders:write',
    'https://id.example/realms/shop',
    '+1',
    'urn:ietf:params:oauth:grant-type:jwt-bearer',
    'eyJ is the beginning of a token',
    '',
  ])('%s', (text) => {
    expect(recognizePersonalData(text)).toBeUndefined();
  });

  test('numbers of all lengths that are no card, in any text, are left alone', () => {
    fc.assert(
      fc.property(fc.stringMatching(/^[01789]\d{11,18}$/), (digits) => {
        expect(recognizePersonalData(`/orders/${digits}`)).toBeUndefined();
      }),
    );
  });

  test('no text keeps it busy', () => {
    const pieces = fc.constantFrom('a', '@', '.', '+', '1', ' ', '-', 'e');
    fc.assert(
      fc.property(fc.string({ unit: pieces, maxLength: 6000 }), (text) => {
        recognizePersonalData(text);
      }),
    );
    for (const piece of ['1 ', '1-', 'a.', 'a@a.', '+1 ', 'DE', 'eyJ', '@', 'a-@a-.']) {
      expect(recognizePersonalData(piece.repeat(3000))).not.toBe('jwt');
    }
  });
});
