// The answer of `GET /__fx/state`: the state of the simulation, and for each account its counts of ticks, its connections and subscriptions.

import type { Market } from './broker/market.ts';
import type { TickSource } from './prices/tick-source.ts';
import type { Scenario } from './scenario.ts';
import type { Subscription } from './socket/request.ts';
import type { ConnectionRecord, Terminal } from './terminal/terminal.ts';

/** Connections shown per account, the newest. */
const SHOWN = 200;

export interface AccountState {
  readonly account: string;
  readonly nickname: string;
  readonly clockRule: string;
  readonly linkUp: boolean;
  /** Ticks of the market so far. */
  readonly generated: number;
  /** Ticks handed to a socket. */
  readonly written: number;
  /** Ticks dropped from a queue, lost with it, or sent unreadable. */
  readonly withheld: number;
  /** Connections that were ever open. */
  readonly connectionCount: number;
  /** Number of the open one, or null. */
  readonly conn: number | null;
  readonly queued: number;
  readonly dropped: number;
  readonly subscriptions: readonly Subscription[];
  readonly connections: readonly ConnectionRecord[];
}

export interface WholeState {
  readonly seed: number;
  /** Null: faultless. */
  readonly life: Scenario['life'];
  readonly nowUtc: string;
  readonly generated: number;
  readonly source: Record<string, unknown>;
  readonly faults: readonly { id: number; kind: string; account: string }[];
  readonly accounts: readonly AccountState[];
}

const accountState = (terminal: Terminal, generated: number): AccountState => {
  const { account, ledger, connection } = terminal;
  return {
    account: account.id,
    nickname: account.nickname,
    clockRule: terminal.clock().rule.id,
    linkUp: terminal.linkUp,
    generated,
    written: ledger.written,
    withheld: ledger.withheld,
    connectionCount: terminal.connections.length,
    conn: connection?.conn ?? null,
    queued: connection?.outbox.queued ?? 0,
    dropped: connection?.outbox.dropped ?? 0,
    subscriptions: connection?.subscriptions.list() ?? [],
    connections: terminal.connections.slice(-SHOWN),
  };
};

export function simulatorState(options: {
  market: Market;
  source: TickSource;
  terminals: readonly Terminal[];
  nowUtcMs: number;
  faults: WholeState['faults'];
  scenario: Pick<WholeState, 'life' | 'seed'>;
}): WholeState {
  const generated = options.market.tape.count;
  return {
    seed: options.scenario.seed,
    life: options.scenario.life,
    nowUtc: new Date(options.nowUtcMs).toISOString(),
    generated,
    source: options.source.state(),
    faults: options.faults,
    accounts: options.terminals.map((terminal) => accountState(terminal, generated)),
  };
}
