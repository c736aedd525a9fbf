// A dataset in a bucket, against a real server: of eight writers one has the version; a server that is away for 20 s in the middle of an
// upload is waited for; lost answers are found out; errors name no key. The server is built the first time,
// which takes minutes.
import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { existsSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { connect, createServer, type Server, type Socket } from 'node:net';
import { join } from 'node:path';
import { setTimeout as delay } from 'node:timers/promises';
import {
  type Commit,
  DeltaLog,
  openStore,
  openVersion,
  proveSafe,
  type Store,
  vacuum,
} from '@fxtape/datasets';
import { freePort, type S3Server, startS3, until } from '@fxtape/testkit';
import { afterAll, afterEach, beforeAll, expect, test } from 'vitest';

let s3: S3Server;
const before = { ...process.env };
const stores: Store[] = [];
let prefixes = 0;

beforeAll(async () => {
  s3 = await startS3();
  Object.assign(process.env, s3.env);
}, 1_800_000);
afterEach(() => {
  for (const store of stores.splice(0)) store.close();
});
afterAll(async () => {
  for (const name of Object.keys(s3.env)) {
    delete process.env[name];
    if (before[name] !== undefined) process.env[name] = before[name];
  }
  await s3.close();
});

const freshPrefix = (): string => `table-${(prefixes += 1)}`;
const open = async (prefix: string, o: object = {}, endpoint = s3.endpoint): Promise<Store> => {
  const store = await openStore(`s3://${s3.bucket}/${prefix}?endpoint=${endpoint}&path-style=true`, o);
  stores.push(store);
  return store;
};
const paths = async (store: Store): Promise<string[]> => {
  const found: string[] = [];
  for await (const { path } of store.list('')) found.push(path);
  return found.toSorted();
};
const localFile = (store: Store, bytes: Uint8Array): string => {
  const local = join(store.stagingDir, `made-${randomBytes(4).toString('hex')}`);
  writeFileSync(local, bytes);
  return local;
};
const file = (n: number) => ({
  path: `symbol=EUR%2FUSD/part-${n}.parquet`,
  partitionValues: { symbol: 'EUR/USD' },
  bytes: 4,
  modifiedMs: 0,
  rows: 1,
  firstUs: 0,
  lastUs: 0,
});
const commitOf = (version: number, who: string, n = version): Commit => ({
  version,
  info: {
    atMs: version + 1,
    operation: 'WRITE',
    txnId: `${who}-${version}`,
    engineInfo: 'fxtape/test',
    fxtape: {},
  },
  meta:
    version === 0
      ? {
          id: '7f7d1c52-0000-4000-8000-000000000001',
          name: 'ticks',
          description: '',
          columns: [
            { name: 'ts', type: 'timestamp', comment: '' },
            { name: 'symbol', type: 'string', comment: '' },
          ],
          partitionColumns: ['symbol'],
          configuration: {},
          createdMs: 0,
        }
      : null,
  add: [file(n)],
  remove: [],
});

/** Passes bytes on to the server, until it is told to lose answers: then requests arrive, and their answers do not come back. */
async function losingProxy(): Promise<{
  endpoint: string;
  lose: boolean;
  lost: () => number;
  close: () => void;
}> {
  const port = await freePort();
  const sockets = new Set<Socket>();
  let lost = 0;
  const proxy = { endpoint: `http://127.0.0.1:${port}`, lose: false, lost: () => lost, close: () => {} };
  const server: Server = createServer((client) => {
    const upstream = connect(Number(new URL(s3.endpoint).port), '127.0.0.1');
    for (const socket of [client, upstream]) {
      sockets.add(socket);
      socket.on('error', () => socket.destroy());
      socket.once('close', () => sockets.delete(socket));
    }
    client.pipe(upstream);
    client.once('close', () => upstream.destroy());
    upstream.on('data', (data: Buffer) => {
      // The answer to "send the body" is passed on: the request has to be carried out.
      if (!proxy.lose || data.toString('latin1').startsWith('HTTP/1.1 100')) return void client.write(data);
      proxy.lose = false;
      lost += 1;
      client.destroy();
    });
    upstream.once('close', () => client.end());
  });
  server.listen(port, '127.0.0.1');
  await once(server, 'listening');
  proxy.close = () => {
    for (const socket of sockets) socket.destroy();
    server.close();
  };
  return proxy;
}

test('a name is taken once: also a stale second put, and 20 rounds of eight writers', async () => {
  const prefix = freshPrefix();
  const writers = await Promise.all(Array.from({ length: 8 }, () => open(prefix)));
  const [store] = writers as [Store];
  await proveSafe(store);
  expect(await paths(store)).toEqual([]);
  for (let round = 0; round < 20; round += 1) {
    const won = await Promise.all(
      writers.map((each, n) => each.putIfAbsent(`r/${round}`, Buffer.from(`${n}`))),
    );
    expect(won.filter(Boolean)).toHaveLength(1);
    expect((await store.read(`r/${round}`))?.toString()).toBe(`${won.indexOf(true)}`);
    expect(await store.putIfAbsent(`r/${round}`, Buffer.from('late'))).toBe(false);
  }
});

test('a table in a bucket: eight writers at once, checkpoints, history, vacuum', async () => {
  const prefix = freshPrefix();
  const store = await open(prefix);
  for (let n = 0; n < 16; n += 1) await store.putFile(file(n).path, localFile(store, Buffer.from('rows')));
  const log = new DeltaLog({ store, checkpointEvery: 2 });
  expect(await log.commit(commitOf(0, 'first'))).toBe('committed');
  const outcomes = await Promise.all(
    Array.from({ length: 8 }, async (_, n) =>
      new DeltaLog({ store: await open(prefix), checkpointEvery: 2 }).commit(commitOf(1, `w${n}`, n + 1)),
    ),
  );
  expect(outcomes.filter((outcome) => outcome === 'committed')).toHaveLength(1);
  expect((await log.snapshot()).info.txnId).toBe(`w${outcomes.indexOf('committed')}-1`);
  expect(await log.commit(commitOf(2, 'next', 12))).toBe('committed');
  expect(await paths(store)).toContain('_delta_log/00000000000000000002.checkpoint.parquet');
  const again = new DeltaLog({ store: await open(prefix) });
  expect((await openVersion({ log: again, store })).files.size).toBe(3);
  expect(await again.history()).toHaveLength(3);
  const { orphans } = await vacuum({ store, log: again, nowMs: Date.now() + 3 * 86_400_000 });
  expect(orphans).toHaveLength(13);
  expect((await openVersion({ log: again, store })).files.size).toBe(3);
});

test('the server is away for 20 s in the middle of an upload', async () => {
  const store = await open(freshPrefix(), { partBytes: 5 * 1024 * 1024 });
  const content = randomBytes(60 * 1024 * 1024);
  const local = localFile(store, content);
  const path = 'symbol=%C3%A9/part-1.parquet';
  const upload = store.putFile(path, local);
  const parts = (): number => readdirSync(s3.folder, { recursive: true }).length;
  const idle = parts();
  await until(() => parts() > idle + 4, { what: 'some parts', deadlineMs: 30_000, everyMs: 5 });
  await s3.kill();
  expect(await Promise.race([upload.then(() => 'done'), delay(20_000, 'waits')])).toBe('waits');
  await s3.start();
  await upload;
  expect(existsSync(local)).toBe(false);
  expect(await store.withLocal(path, async (at) => readFileSync(at).equals(content))).toBe(true);
  // Said again, nothing happens.
  await store.putFile(path, local);
  expect(await paths(store)).toEqual([path]);
});

test('the answer of a commit is lost: it is found to be ours, or somebody else’s', async () => {
  const proxy = await losingProxy();
  try {
    const prefix = freshPrefix();
    const store = await open(prefix, {}, proxy.endpoint);
    await store.put(file(0).path, Buffer.from('rows'));
    const log = new DeltaLog({ store });
    expect(await store.putIfAbsent('a', Buffer.from('mine'))).toBe(true);
    proxy.lose = true;
    expect(await store.putIfAbsent('b', Buffer.from('mine'))).toBe(true);
    expect(proxy.lost()).toBe(1);
    proxy.lose = true;
    expect(await store.putIfAbsent('a', Buffer.from('other'))).toBe(false);
    expect(proxy.lost()).toBe(2);
    expect(await log.commit(commitOf(0, 'me'))).toBe('committed');
    expect(await log.commit(commitOf(0, 'you'))).toBe('taken');
  } finally {
    proxy.close();
  }
});

test('a server that stays away, a bucket that is not there, a wrong key: told, without keys', async () => {
  const told = async (store: Store): Promise<string> => {
    const error = (await store.read('_delta_log/0.json').catch((each: unknown) => each)) as Error & {
      code: string;
    };
    const all = JSON.stringify([error.message, error, error.cause, (error.cause as Error).message]);
    for (const secret of [s3.env.AWS_SECRET_ACCESS_KEY, s3.env.AWS_ACCESS_KEY_ID, 'wrong-secret'])
      expect(all).not.toContain(secret);
    return error.code;
  };
  const nobody = `http://127.0.0.1:${await freePort()}`;
  expect(await told(await open('x', { retryForMs: 500 }, nobody))).toBe('DATASET_STORE_UNREACHABLE');
  const missing = await openStore(`s3://no-such-bucket/x?endpoint=${s3.endpoint}`);
  stores.push(missing);
  expect(await told(missing)).toBe('DATASET_BUCKET_NOT_FOUND');
  process.env['AWS_SECRET_ACCESS_KEY'] = 'wrong-secret';
  expect(await told(await open('x'))).toBe('DATASET_ACCESS_DENIED');
  process.env['AWS_SECRET_ACCESS_KEY'] = s3.env.AWS_SECRET_ACCESS_KEY;
});

test('a server that takes requests and never answers is given up', async () => {
  const mute = createServer((socket) => void socket.on('error', () => socket.destroy()));
  const port = await freePort();
  mute.listen(port, '127.0.0.1');
  await once(mute, 'listening');
  try {
    const store = await open('x', { retryForMs: 1 }, `http://127.0.0.1:${port}`);
    await expect(store.read('a')).rejects.toMatchObject({ code: 'DATASET_STORE_UNREACHABLE' });
    store.close();
  } finally {
    mute.close();
  }
});

test('an abort ends the wait for a server that is away', async () => {
  const store = await open('x', {}, `http://127.0.0.1:${await freePort()}`);
  const stop = new AbortController();
  const reading = store.read('a', stop.signal);
  await delay(300);
  stop.abort(new Error('stop'));
  await expect(reading).rejects.toThrowError('stop');
});
