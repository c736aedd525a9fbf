import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, test } from 'vitest';
import { nodeFs, TapeWriter } from './index.ts';

test('a follower of a tape that is closed gets what the last sync covers', async () => {
  const dir = mkdtempSync(join(tmpdir(), 'tape-follow-'));
  const gates: (() => void)[] = [];
  const fs = {
    ...nodeFs,
    sync: (fd: number) =>
      new Promise<void>((resolve, reject) => gates.push(() => void nodeFs.sync(fd).then(resolve, reject))),
  };
  const gate = async (): Promise<void> => {
    while (gates.length === 0) await new Promise((resolve) => setImmediate(resolve));
    gates.shift()?.();
  };
  try {
    const clock = { monoMs: () => performance.now() };
    const tape = await TapeWriter.open({ dir, account: 'demo', head: () => null, clock, fs, syncEveryMs: 0 });
    const seen: string[] = [];
    const following = (async () => {
      for await (const { items } of tape.follow(null, { signal: new AbortController().signal })) {
        for (const item of items) if (!('kind' in item) && item.frame !== null) seen.push(item.frame);
      }
    })();
    tape.append([{ conn: 1, recvUs: 1, frame: '{"n":1}' }]);
    while (gates.length === 0) await new Promise((resolve) => setImmediate(resolve));
    // The first sync runs and does not cover this one.
    tape.append([{ conn: 1, recvUs: 2, frame: '{"n":2}' }]);
    const closing = tape.close();
    await gate();
    await gate();
    await closing;
    await following;
    expect(seen).toEqual(['{"n":1}', '{"n":2}']);
  } finally {
    rmSync(dir, { recursive: true, force: true });
  }
});
