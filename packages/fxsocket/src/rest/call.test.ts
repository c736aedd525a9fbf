import { inspect } from 'node:util';
import { Agent } from 'undici';
import { afterEach, expect, test } from 'vitest';
import { FxSocketError, FxSocketManagement, FxSocketRest } from '../index.ts';
import { closeServers, serve as serveHttp } from '../../testing/http-server.ts';

afterEach(closeServers);
const KEY = 'fxs_ro_secret';
const serve = async (answer: Parameters<typeof serveHttp>[0]) => {
  const { asked, baseUrl } = await serveHttp(answer);
  return { asked, rest: new FxSocketRest({ baseUrl, apiKey: KEY, random: () => 0 }), baseUrl };
};
const failure = async (call: Promise<unknown>): Promise<FxSocketError> => {
  const error: unknown = await call.then(
    () => new Error('it answered'),
    (reason: unknown) => reason,
  );
  expect(error).toBeInstanceOf(FxSocketError);
  expect(`${String(error)} ${JSON.stringify(error)}`).not.toContain(KEY);
  return error as FxSocketError;
};

test('the key goes in the header and the query as given', async () => {
  const { asked, rest } = await serve((_asked, response) => response.end('[]'));
  expect(
    await rest.priceHistory({ symbol: 'XAU/USD', timeframe: 'M1', from: '2026-06-01T00:00:00' }),
  ).toEqual({ rows: [], rejected: [] });
  expect(asked).toMatchObject([
    {
      line: 'GET /PriceHistory?symbol=XAU%2FUSD&timeframe=M1&from=2026-06-01T00%3A00%3A00',
      headers: { 'x-api-key': KEY },
    },
  ]);
});

test.each([
  [401, '{"error":"MRPC_UNAUTHORIZED","message":"no"}', 'FXSOCKET_UNAUTHORIZED', 1],
  [404, 'gone', 'FXSOCKET_NOT_FOUND', 1],
  [400, '{"error":"MRPC_VALIDATION","message":"no"}', 'FXSOCKET_VALIDATION', 1],
  [502, `<html><title>Bad ${KEY}</title>`, 'FXSOCKET_GATEWAY_DOWN', 3],
  [504, '<html><title>Gateway Time-out</title>', 'FXSOCKET_GATEWAY_DOWN', 1],
  [503, '{"error":"MRPC","message":"starting"}', 'FXSOCKET_NOT_READY', 3],
  [504, '{"error":"MRPC_TIMEOUT","message":"slow"}', 'FXSOCKET_TERMINAL_TIMEOUT', 1],
  [500, '{"error":"MRPC","message":"CopyRates failed"}', 'FXSOCKET_TERMINAL_FAILED', 3],
  [200, '<html>', 'FXSOCKET_NOT_JSON', 3],
  [200, '{"a":1}', 'FXSOCKET_SHAPE', 1],
])('HTTP %i %s is %s after %i tries', async (status, body, code, tries) => {
  const { asked, rest } = await serve((_asked, response) => response.writeHead(status).end(body));
  expect((await failure(rest.symbols())).code).toBe(code);
  expect(asked.length).toBe(tries);
});

test('a truncated body is an error, never a short answer', async () => {
  const { rest } = await serve((_asked, response) => {
    response.writeHead(200, { 'content-length': 1000 });
    response.write('["EURUSD"');
    setImmediate(() => response.destroy());
  });
  expect((await failure(rest.symbols())).kind).toBe('transient');
});

test('Retry-After is honoured', async () => {
  const times: number[] = [];
  const { rest } = await serve((_asked, response) => {
    times.push(performance.now());
    if (times.length === 1) response.writeHead(429, { 'retry-after': '0.3' }).end();
    else response.end('["EURUSD"]');
  });
  expect(await rest.symbols()).toEqual(['EURUSD']);
  expect((times[1] ?? 0) - (times[0] ?? 0)).toBeGreaterThanOrEqual(290);
});

test('a deadline and an abort end the call', async () => {
  const { rest } = await serve(() => undefined);
  expect((await failure(rest.symbols({ deadlineMs: 50 }))).code).toBe('FXSOCKET_DEADLINE');
  const stop = new AbortController();
  const call = rest.symbols({ signal: stop.signal });
  stop.abort();
  expect((await failure(call)).code).toBe('FXSOCKET_ABORTED');
});

test('nobody listening is unreachable; the account list lies under /v1', async () => {
  expect(
    (
      await failure(
        new FxSocketRest({ baseUrl: 'http://127.0.0.1:9', apiKey: KEY, random: () => 0 }).symbols(),
      )
    ).code,
  ).toBe('FXSOCKET_UNREACHABLE');
  const { asked, baseUrl } = await serve((_asked, response) => response.end('[]'));
  expect(await new FxSocketManagement({ baseUrl: `${baseUrl}/`, apiKey: KEY }).accounts()).toEqual([]);
  expect(asked[0]?.line).toBe('GET /v1/accounts');
});

test.each([
  [200, `no JSON, but ${KEY}`],
  [502, `${'x'.repeat(190)}${KEY}`],
  [500, JSON.stringify({ error: KEY, message: `${'x'.repeat(180)}${KEY}` })],
])(
  'HTTP %i: an answer that quotes the key does not bring it into the error, nor a part of it, nor its cause',
  async (status, body) => {
    const { rest } = await serve((_asked, response) => response.writeHead(status).end(body));
    expect(inspect(await failure(rest.symbols()), { depth: 10 })).not.toContain('fxs_ro');
  },
);

test('what is tried again is the caller’s choice', async () => {
  const tries = async (status: number, body: string, retry: 'transport' | 'none') => {
    const { asked, rest } = await serve((_asked, response) => response.writeHead(status).end(body));
    await failure(rest.symbols({ retry }));
    return asked.length;
  };
  expect(await tries(502, '<html>', 'transport')).toBe(3);
  expect(await tries(200, '<html>', 'transport')).toBe(3);
  expect(await tries(504, '{"error":"MRPC_TIMEOUT","message":"slow"}', 'transport')).toBe(1);
  expect(await tries(503, '{"error":"MRPC","message":"starting"}', 'transport')).toBe(1);
  expect(await tries(429, '', 'transport')).toBe(1);
  expect(await tries(502, '<html>', 'none')).toBe(1);
});

test('a pause that is longer than the time of the call: the answer is thrown at once, with what it says', async () => {
  const { asked, rest } = await serve((_asked, response) =>
    response.writeHead(429, { 'retry-after': '60' }).end('{"error":"slow_down","message":"later"}'),
  );
  const error = await failure(rest.symbols({ deadlineMs: 20_000 }));
  expect(error).toMatchObject({ code: 'FXSOCKET_RATE_LIMITED', status: 429, retryAfterMs: 60_000 });
  expect(asked.length).toBe(1);
});

test('a deadline in a later try tells what went wrong before it', async () => {
  const { asked, rest } = await serve((_asked, response) => {
    if (asked.length === 1) response.writeHead(502).end('<title>no upstream</title>');
  });
  const error = await failure(rest.symbols({ deadlineMs: 500 }));
  expect(error).toMatchObject({
    code: 'FXSOCKET_DEADLINE',
    status: 502,
    cause: { code: 'FXSOCKET_GATEWAY_DOWN' },
  });
  expect(error.message).toContain('/symbols answered HTTP 502: no upstream');
});

test.each([
  [{ baseUrl: 'api.fxsocket.com' }, 'FXSOCKET_ADDRESS', 'baseUrl is not an address: "api.fxsocket.com"'],
  [{ baseUrl: '' }, 'FXSOCKET_ADDRESS', 'baseUrl is not an address: ""'],
  [{ baseUrl: undefined }, 'FXSOCKET_ADDRESS', 'baseUrl is not an address: undefined'],
  [{ baseUrl: 'ftp://a' }, 'FXSOCKET_ADDRESS', 'baseUrl must begin with http:// or https://, not with ftp:'],
  [{ baseUrl: 'https://u:p@a' }, 'FXSOCKET_ADDRESS', 'baseUrl contains a user name or a password'],
  [{ baseUrl: `https://a/?api_key=${KEY}` }, 'FXSOCKET_ADDRESS', 'baseUrl has more than a host and a path'],
  [{ baseUrl: `a/?api_key=${KEY}` }, 'FXSOCKET_ADDRESS', 'baseUrl is not an address: "a/"'],
  [
    { baseUrl: 'http://api.fxsocket.com' },
    'FXSOCKET_ADDRESS',
    'baseUrl is plain HTTP (http://api.fxsocket.com): the key could be read on the network',
  ],
  [{ apiKey: '' }, 'FXSOCKET_BAD_ARGUMENT', 'apiKey is missing'],
  [{ apiKey: `${KEY}\n` }, 'FXSOCKET_BAD_ARGUMENT', /^apiKey has a space/],
  [{ apiKey: 'fxs_\uD800' }, 'FXSOCKET_BAD_ARGUMENT', /^apiKey has a space/],
])('options that cannot be right are told when they are given: %j', (wrong, code, message) => {
  for (const Client of [FxSocketRest, FxSocketManagement]) {
    let thrown: unknown;
    try {
      new Client({ baseUrl: 'https://a', apiKey: KEY, ...wrong } as ConstructorParameters<typeof Client>[0]);
    } catch (error) {
      thrown = error;
    }
    expect(thrown).toBeInstanceOf(FxSocketError);
    expect(thrown).toMatchObject({ code });
    expect((thrown as Error).message).toMatch(message);
    expect(inspect(thrown)).not.toContain(KEY);
  }
});

test.each([
  'http://localhost:1',
  'http://127.8.0.1',
  'http://[::1]:8',
  'http://a.localhost/x',
  'https://a/b/',
])('%s is taken as it is; one without TLS elsewhere is if that is said', (baseUrl) => {
  expect(() => new FxSocketRest({ baseUrl, apiKey: KEY })).not.toThrow();
  expect(
    () => new FxSocketRest({ baseUrl: 'http://simulator:7080', apiKey: KEY, allowHttp: true }),
  ).not.toThrow();
});

test.each([Number.NaN, -1, Number.POSITIVE_INFINITY, 2 ** 31])(
  'a deadline of %d is told',
  async (deadlineMs) => {
    const { asked, rest } = await serve((_asked, response) => response.end('[]'));
    expect((await failure(rest.symbols({ deadlineMs }))).code).toBe('FXSOCKET_BAD_ARGUMENT');
    expect(asked).toEqual([]);
  },
);

test('a refusal is read no further than it says something; the process goes on meanwhile', async () => {
  const page = `<${'<title<script'.repeat(20_000)}`;
  let written = 0;
  const { rest } = await serve((_asked, response) => {
    response.writeHead(400);
    const more = (): void => {
      while (!response.destroyed && written < 64 * 1024 * 1024) {
        written += page.length;
        if (!response.write(page)) return void response.once('drain', more);
      }
      response.end();
    };
    more();
  });
  const before = process.cpuUsage();
  expect((await failure(rest.symbols())).code).toBe('FXSOCKET_VALIDATION');
  const { system, user } = process.cpuUsage(before);
  expect(written).toBeLessThan(16 * 1024 * 1024);
  expect((system + user) / 1000).toBeLessThan(2000);
});

test('close ends what the client made, once or twice, and leaves alone what it was given', async () => {
  const { asked, baseUrl } = await serve((_asked, response) => response.end('[]'));
  const dispatcher = new Agent();
  {
    await using rest = new FxSocketRest({ baseUrl, apiKey: KEY, dispatcher });
    await rest.symbols();
    await rest.close();
  }
  const another = new FxSocketRest({ baseUrl, apiKey: KEY, dispatcher });
  await another.symbols();
  expect(asked.length).toBe(2);
  expect(asked[0]?.headers['user-agent']).toMatch(/^fxtape-fxsocket\/\d+\.\d+\.\d+ node\/\d/);
  await another.close();
  await another.close();
  expect(await failure(another.symbols())).toMatchObject({
    code: 'FXSOCKET_BAD_ARGUMENT',
    message: '/symbols: this client is closed',
  });
  await dispatcher.close();
});
