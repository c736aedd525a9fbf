// What must not end a process: options that are wrong, and exceptions where nobody can catch them. Who reads is told, and `close` comes to its end.
import { inspect } from 'node:util';
import { afterEach, expect, test } from 'vitest';
import { FxFeed, FxSocketError, FxStream, type FxStreamOptions, type StreamItem } from '../index.ts';
import { closeGateways, socketGateway } from '../../testing/socket-gateway.ts';
import { systemStreamClock } from './clock.ts';

afterEach(closeGateways);
const KEY = 'fxs_ro_secret';
const options = (more: Partial<FxStreamOptions>): FxStreamOptions => ({
  url: 'ws://127.0.0.1:9/ws',
  apiKey: KEY,
  subscriptions: [{ topic: 'prices', symbol: 'EURUSD' }],
  ...more,
});
const thrownBy = (work: () => unknown): unknown => {
  try {
    work();
  } catch (error) {
    return error;
  }
  return null;
};
const read = async (stream: FxStream, items: StreamItem[] = []): Promise<unknown> => {
  try {
    for await (const batch of stream) items.push(...batch);
  } catch (error) {
    return error;
  }
  return null;
};

test.each<[Partial<FxStreamOptions>, string]>([
  [{ url: 'not an address', startDelayMs: 1 }, 'url is not an address: "not an address"'],
  [{ url: 'https://a/ws' }, 'url must begin with ws:// or wss://, not with https:'],
  [{ url: 'ws://api.fxsocket.com/ws' }, 'url is plain HTTP (ws://api.fxsocket.com)'],
  [{ url: 'wss://a/ws#x' }, 'url has more than a host and a path'],
  [{ apiKey: 'fxs\n' }, 'apiKey has a space'],
  [{ startDelayMs: Number.NaN }, 'startDelayMs must be a number'],
  [{ limits: { ackTimeoutMs: Number.NaN } }, 'limits.ackTimeoutMs must be a number'],
])('%j is told when it is given', (wrong, message) => {
  const error = thrownBy(() => new FxStream(options(wrong)));
  expect(error).toBeInstanceOf(FxSocketError);
  expect((error as Error).message).toContain(message);
  expect(inspect(error)).not.toContain(KEY);
});

test('a feed that has a wrong address or key is told before anybody reads it', () => {
  expect(thrownBy(() => new FxFeed({ url: '', apiKey: KEY }))).toMatchObject({ code: 'FXSOCKET_ADDRESS' });
  expect(thrownBy(() => new FxFeed({ url: 'wss://a', apiKey: '' }))).toMatchObject({
    code: 'FXSOCKET_BAD_ARGUMENT',
  });
});

test('an exception in a timer ends the stream, not the process; who reads gets it, without the key, and close resolves', async () => {
  let calls = 0;
  const stream = new FxStream(
    options({
      startDelayMs: 5,
      // The session asks for a random number when it has to wait.
      random: () => {
        calls += 1;
        throw new Error(`defect with ${KEY}`);
      },
    }),
  );
  const items: StreamItem[] = [];
  const error = await read(stream, items);
  expect(calls).toBe(1);
  expect(error).toMatchObject({ code: 'FXSOCKET_DEFECT' });
  expect(inspect(error, { depth: 9 })).not.toContain(KEY);
  expect(items.map((item) => (item.kind === 'session' ? item.event.type : item.kind))).toContain(
    'connecting',
  );
  await stream.close();
});

test('an exception while a frame is taken ends the stream and its connection', async () => {
  const gateway = await socketGateway();
  let broken = false;
  const clock = {
    ...systemStreamClock,
    nowUs: () => {
      if (broken) throw new Error('no time');
      return systemStreamClock.nowUs();
    },
  };
  const stream = new FxStream(options({ url: gateway.url, clock }));
  let error: unknown = null;
  try {
    for await (const batch of stream)
      if (batch.some((item) => item.kind === 'frame' && item.message.type === 'tick')) {
        broken = true;
        gateway.send('{"type":"warning","dropped":1}');
      }
  } catch (thrown) {
    error = thrown;
  }
  expect(error).toMatchObject({ code: 'FXSOCKET_DEFECT' });
  await stream.close();
  await expect.poll(() => gateway.sockets().length).toBe(0);
});

test('an agent that cannot be used is told to the reader', async () => {
  const error = await read(new FxStream(options({ agent: { wrong: true } as never })));
  expect(error).toMatchObject({ code: 'FXSOCKET_DEFECT' });
});

test('leaving the loop closes the connection; a reason of any length does not stand in the way of a pause', async () => {
  const gateway = await socketGateway();
  const stream = new FxStream(options({ url: gateway.url }));
  for await (const batch of stream)
    if (batch.some((item) => item.kind === 'frame' && item.message.type === 'tick')) break;
  expect(stream.state().phase).toBe('closed');
  await expect.poll(() => gateway.sockets().length).toBe(0);

  const other = new FxStream(options({ url: gateway.url }));
  for await (const batch of other)
    for (const item of batch) {
      if (item.kind === 'frame' && item.message.type === 'tick') other.pauseIntake('€'.repeat(200));
      if (item.kind === 'session' && item.event.type === 'disconnected') void other.close();
    }
  expect(other.state().phase).toBe('closed');
});

test('a binary frame that quotes the key is kept without it', async () => {
  const gateway = await socketGateway();
  await using stream = new FxStream(options({ url: gateway.url }));
  let text = '';
  for await (const batch of stream) {
    for (const item of batch) {
      if (item.kind === 'session') continue;
      if (item.message.type === 'tick')
        for (const socket of gateway.sockets()) socket.send(Buffer.from(`\xff${KEY}`, 'latin1'));
      if (item.binary) text = item.text;
    }
    if (text !== '') break;
  }
  expect(Buffer.from(text, 'base64').toString('latin1')).toBe('\xff[key]');
});
