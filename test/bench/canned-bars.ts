// A gateway that answers at no cost: M1 bars for every minute, the same for all symbols, encoded in advance with a fixed width, so that an answer is a
// slice of one buffer. It isolates the cost of everything after the gateway.
import { once } from 'node:events';
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const MINUTE_MS = 60_000;
const PRICE = 1.08;

export interface CannedBars {
  readonly url: string;
  close(): void;
}

const bar = (ms: number, i: number): string => {
  const price = (offset: number): string => (PRICE + ((i * 7 + offset) % 997) / 1e5).toFixed(5);
  const [open, close] = [price(0), price(31)];
  const [low, high] = open < close ? [open, close] : [close, open];
  const time = new Date(ms).toISOString().slice(0, 19);
  const volume = 100 + (i % 900);
  return `{"time":"${time}Z","open":${open},"high":${high},"low":${low},"close":${close},"tickVolume":${volume},"realVolume":0,"spread":${1 + (i % 9)}},`;
};

/** Serves `minutes` bars from `fromBrokerMs` on, under `/v1/accounts/…` and `/mt5/…`. */
export async function cannedBars(fromBrokerMs: number, minutes: number): Promise<CannedBars> {
  const width = bar(fromBrokerMs, 0).length;
  const all = Buffer.alloc(width * minutes);
  for (let i = 0; i < minutes; i++) all.write(bar(fromBrokerMs + i * MINUTE_MS, i), i * width, 'latin1');
  const [open, close, none] = [Buffer.from('['), Buffer.from(']'), Buffer.from('[]')];
  const server = createServer((request, response) => {
    const url = new URL(request.url ?? '/', 'http://canned');
    const json = (body: unknown): void => void response.end(JSON.stringify(body));
    const now = new Date(fromBrokerMs + (minutes + 1440) * MINUTE_MS).toISOString();
    if (url.pathname.startsWith('/v1/')) {
      json({ id: 'canned', platform: 'mt5', server: 'Canned', login: 1, status: 'connected', rest_url: '' });
    } else if (url.pathname.endsWith('/ServerTimezone')) json({ serverTime: now, utcOffsetSeconds: 0 });
    else if (url.pathname.endsWith('/PriceHistory')) {
      const at = (name: string): number =>
        (Date.parse(`${url.searchParams.get(name)}Z`) - fromBrokerMs) / MINUTE_MS;
      const first = Math.max(0, Math.ceil(at('from')));
      const last = Math.min(minutes - 1, Math.floor(at('to')));
      if (last < first) response.end(none);
      else {
        response.write(open);
        response.write(all.subarray(first * width, (last + 1) * width - 1));
        response.end(close);
      }
    } else response.writeHead(404).end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const { port } = server.address() as AddressInfo;
  return {
    url: `http://127.0.0.1:${port}`,
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  };
}
