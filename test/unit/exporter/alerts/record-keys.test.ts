import { expect, test } from 'vitest';
import { fieldReader } from '../../../../packages/exporter/src/alerts/record-field.ts';
import { RecordKeys } from '../../../../packages/exporter/src/alerts/record-keys.ts';
import { BEGINNING_MS, followedRecord } from '../../../support/exporter/alert-records.ts';

const alice = followedRecord(0, BEGINNING_MS, { 'user.id': 'alice' });
const again = followedRecord(1, BEGINNING_MS, { 'user.id': 'alice' });
const nobody = followedRecord(2, BEGINNING_MS, {});

test('what many rules go by is hidden once, until somebody is to be forgotten', () => {
  const hidden: string[] = [];
  const keys = new RecordKeys((kind, value) => {
    hidden.push(`${kind} ${value}`);
    return `token ${hidden.length}`;
  });
  const user = keys.reader('key', [fieldReader('user.id')]);
  const same = keys.reader('key', [fieldReader('user.id')]);
  expect([user(alice, false), same(alice, false), user(again, false)]).toEqual(Array(3).fill('token 1'));
  expect(keys.reader('among', [fieldReader('user.id')])(again, false)).toBe('token 2');
  expect(hidden).toEqual(['key ["alice"]', 'among ["alice"]']);
  keys.forget();
  expect(user(again, false)).toBe('token 3');
});

test('a record that lacks a part of the key has one only where it may', () => {
  const keys = new RecordKeys((_kind, value) => value);
  const user = keys.reader('key', [fieldReader('user.id')]);
  expect(user(nobody, false)).toBeUndefined();
  expect(user(nobody, true)).toBe('[""]');
  expect(user(alice, true)).toBe('["alice"]');
});
