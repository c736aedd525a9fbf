// Appends to a tape as fast as it can until it is killed, rotating, compressing and writing cursors on the way. Prints the number of
// frames that append has returned for, after each batch. Arguments: folder, round, seed.

import { writeSync } from 'node:fs';
import { setImmediate, setTimeout } from 'node:timers/promises';
import { compressClosed, type Entry, TapeWriter, writeCursor } from '@fxtape/tape';
import { contentOf, seeded } from './tape-content.ts';

const [dir = '', roundText, seedText] = process.argv.slice(2);
const round = Number(roundText);
const random = seeded(Number(seedText) + round);
let n = 0;
const tape = await TapeWriter.open({
  dir,
  account: 'demo',
  head: () => ({ round, n }),
  segmentBytes: 60_000,
  syncEveryMs: 5,
  clock: { monoMs: () => performance.now() },
});
writeSync(1, '0\n');

async function compressing(): Promise<never> {
  for (;;) {
    await compressClosed(dir, tape.position.synced?.segment ?? 0);
    await setTimeout(Math.ceil(random() * 20));
  }
}
void compressing();

for (;;) {
  const batch: Entry[] = [];
  for (let more = Math.ceil(random() * 40); more > 0; more--)
    batch.push({
      conn: round,
      recvUs: Date.now() * 1000,
      mark: 'live',
      frame: contentOf(round, n + batch.length),
    });
  tape.append(batch);
  n += batch.length;
  writeSync(1, `${n}\n`);
  if (random() < 0.02) tape.rotate();
  const { synced } = tape.position;
  if (random() < 0.02 && synced !== null) await writeCursor(dir, { position: synced, state: n });
  await setImmediate();
}
