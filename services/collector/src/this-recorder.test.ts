import { cpSync, mkdtempSync, renameSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createLog } from '@fxtape/ops';
import { afterAll, expect, test } from 'vitest';
import { thisRecorder } from './this-recorder.ts';

const root = mkdtempSync(join(tmpdir(), 'fxtape-recorder-'));
afterAll(() => rmSync(root, { recursive: true }));
const log = createLog({ service: 'test', level: 'silent' });

test('the id stays with the folder, and a copy is known by its place', () => {
  const [old, moved, copy] = ['old', 'moved', 'copy'].map((name) => join(root, name)) as [
    string,
    string,
    string,
  ];
  const first = thisRecorder(old, log);
  expect(thisRecorder(old, log)).toEqual(first);
  renameSync(old, moved);
  cpSync(moved, copy, { recursive: true });
  const [after, other] = [thisRecorder(moved, log), thisRecorder(copy, log)];
  expect([after.id, other.id]).toEqual([first.id, first.id]);
  expect(new Set([first.place, after.place, other.place]).size).toBe(3);
  expect(thisRecorder(old, log).id).not.toBe(first.id);
});

test('a damaged id is replaced; a folder that takes no file has an id all the same', () => {
  writeFileSync(join(root, 'recorder-id'), 'torn');
  const { id } = thisRecorder(root, log);
  expect(thisRecorder(root, log).id).toBe(id);
  writeFileSync(join(root, 'file'), '');
  expect(thisRecorder(join(root, 'file'), log).id).toMatch(/^[0-9a-f-]{36}$/);
});
