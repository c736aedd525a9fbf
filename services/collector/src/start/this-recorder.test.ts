import {
  cpSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, expect, test } from 'vitest';
import { thisRecorder } from './this-recorder.ts';

const root = mkdtempSync(join(tmpdir(), 'fxtape-recorder-'));
afterAll(() => rmSync(root, { recursive: true }));

test('the id stays with the folder, and a copy is known by its place', () => {
  const [old, moved, copy] = ['old', 'moved', 'copy'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  const first = thisRecorder(old);
  expect(thisRecorder(old)).toEqual(first);
  renameSync(old, moved);
  cpSync(moved, copy, { recursive: true });
  const [after, other] = [thisRecorder(moved), thisRecorder(copy)];
  expect([after.id, other.id]).toEqual([first.id, first.id]);
  expect(new Set([first.place, after.place, other.place]).size).toBe(3);
  expect(thisRecorder(old).id).not.toBe(first.id);
});

test('what cannot be read or made is an error, and no id is written over', () => {
  const folder = join(root, 'damaged');
  const { id } = thisRecorder(folder);
  const path = join(folder, 'recorder-id');
  const unknown = expect.objectContaining({ code: 'RECORDER_ID_UNKNOWN', kind: 'transient' });
  for (const text of ['', 'torn']) {
    writeFileSync(path, text);
    expect(() => thisRecorder(folder)).toThrow(unknown);
    expect(readFileSync(path, 'utf8')).toBe(text);
  }
  writeFileSync(path, `${id}\n`);
  expect(thisRecorder(folder).id).toBe(id);
  rmSync(path);
  mkdirSync(path);
  expect(() => thisRecorder(folder)).toThrow(unknown);
  writeFileSync(join(root, 'file'), '');
  expect(() => thisRecorder(join(root, 'file'))).toThrow(unknown);
  expect(readdirSync(folder)).toEqual(['recorder-id']);
});
