// What a gateway serves: accounts of the simulated market, or a recorded one. In: requests that the gateway has admitted. Out: the
// account's answers, and its end of the socket.

import type { Socket } from 'node:net';
import type { WebSocket } from 'ws';
import type { RestAnswer } from '../answers/envelope.ts';
import type { Conditions } from '../conditions.ts';
import type { AccountSpec } from '../scenario.ts';

/** One account behind the gateway. */
export interface ServedAccount {
  readonly account: Pick<AccountSpec, 'id' | 'nickname' | 'platform' | 'server' | 'login' | 'emptyUrls'>;
  /** What faults do to its requests. */
  readonly conditions: Pick<Conditions, 'disturb' | 'rest' | 'refuseUpgrade' | 'restarting'>;
  /** Whether its terminal is linked to the broker. */
  readonly linkUp: boolean;
  /** Its one socket, or null. */
  readonly connection: { close(code: number, reason: string, why: string): void } | null;
  /** Takes an upgraded socket and evicts an older one. */
  attach(ws: WebSocket, socket: Socket): void;
}

export interface GatewaySource<A extends ServedAccount> {
  /** May change while the gateway runs. */
  readonly accounts: readonly A[];
  /** A page that needs no key, under `base`, the address of the account's routes; null: there is none at this path. */
  open(account: A, path: string, base: string): Promise<RestAnswer | null>;
  /** A reading route. */
  read(account: A, path: string, query: URLSearchParams): Promise<RestAnswer>;
  /** A trading route, for keys that may trade. */
  trade(account: A, path: string, body: string): RestAnswer;
}
