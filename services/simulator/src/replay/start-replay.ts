// Starts a replay: a gateway over a recording. In: the recording with its facts, the speed, an address. Out: the running gateway, and a
// summary when everything was sent.

import { Gateway } from '../gateway/gateway.ts';
import { Management } from '../gateway/management.ts';
import { Player, type ReplaySummary } from './player.ts';
import { RecordedAccount } from './recorded-account.ts';
import { RecordedSource } from './recorded-source.ts';
import type { RecordedFacts, RecordedItem } from './recording.ts';

export interface ReplayOptions {
  readonly facts: RecordedFacts;
  readonly items: AsyncIterable<readonly RecordedItem[]>;
  /** Start of the period, µs UTC. */
  readonly fromUs: number;
  readonly speed: number | 'max';
  /** The replay waits until this long after a client's last subscription, ms; null: it does not wait for a client. */
  readonly settleMs: number | null;
  /** `host:port`; port 0 takes a free one. */
  readonly addr: string;
  readonly key: string;
  readonly monoMs: () => number;
  readonly onDamage: (damage: string) => void;
  readonly onError: (error: unknown) => void;
}

export interface Replay {
  /** `host:port` of the gateway. */
  readonly addr: string;
  /** Resolves when everything was sent and taken, or after `stop`. Rejects when the recording cannot be read. */
  readonly ended: Promise<ReplaySummary>;
  stop(): Promise<void>;
}

/** Throws HTTP_ADDR_INVALID, HTTP_LISTEN_FAILED. */
export async function startReplay(o: ReplayOptions): Promise<Replay> {
  const { facts, monoMs, onError } = o;
  const indexes = new Map(facts.streams.symbols.map((symbol, i) => [symbol, i]));
  const indexOf = (symbol: string): number => indexes.get(symbol) ?? -1;
  const account = new RecordedAccount(facts, { indexOf, settleMs: o.settleMs ?? 0 });
  const waitsForClient = o.settleMs !== null;
  const player = new Player({ ...o, account, symbols: indexes.size, indexOf, waitsForClient });
  const source = new RecordedSource(account, { facts, player, indexOf });
  const gateway = new Gateway(source, {
    keys: [{ key: o.key, readOnly: true, accounts: 'all' }],
    management: new Management(source.accounts, null),
    monoMs,
    onError,
  });
  const addr = await gateway.listen(o.addr);
  const ended = (async () => {
    try {
      return await player.run();
    } finally {
      await gateway.close();
    }
  })();
  return {
    addr,
    ended,
    stop: async () => {
      player.stop();
      await gateway.close();
    },
  };
}
