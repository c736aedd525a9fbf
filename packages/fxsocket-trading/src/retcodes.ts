// The return codes of MetaTrader 5's trade server (MQL5 reference, "Return Codes of the Trade Server"), which the gateway passes on. In: a
// number. Out: its name, and whether the same request may succeed a moment later.

interface Meaning {
  readonly code: number;
  /** `later`: the same request may succeed soon. `never`: it fails until something changes. */
  readonly again: 'done' | 'later' | 'never';
}

const meaning = <const C extends number>(code: C, again: Meaning['again']) => ({ code, again });

const table = {
  REQUOTE: meaning(10004, 'later'),
  REJECT: meaning(10006, 'never'),
  CANCEL: meaning(10007, 'never'),
  PLACED: meaning(10008, 'done'),
  DONE: meaning(10009, 'done'),
  DONE_PARTIAL: meaning(10010, 'done'),
  ERROR: meaning(10011, 'never'),
  TIMEOUT: meaning(10012, 'later'),
  INVALID: meaning(10013, 'never'),
  INVALID_VOLUME: meaning(10014, 'never'),
  INVALID_PRICE: meaning(10015, 'never'),
  INVALID_STOPS: meaning(10016, 'never'),
  TRADE_DISABLED: meaning(10017, 'never'),
  MARKET_CLOSED: meaning(10018, 'never'),
  NO_MONEY: meaning(10019, 'never'),
  PRICE_CHANGED: meaning(10020, 'later'),
  PRICE_OFF: meaning(10021, 'later'),
  INVALID_EXPIRATION: meaning(10022, 'never'),
  ORDER_CHANGED: meaning(10023, 'later'),
  TOO_MANY_REQUESTS: meaning(10024, 'later'),
  NO_CHANGES: meaning(10025, 'done'),
  SERVER_DISABLES_AT: meaning(10026, 'never'),
  CLIENT_DISABLES_AT: meaning(10027, 'never'),
  LOCKED: meaning(10028, 'later'),
  FROZEN: meaning(10029, 'never'),
  INVALID_FILL: meaning(10030, 'never'),
  CONNECTION: meaning(10031, 'later'),
  ONLY_REAL: meaning(10032, 'never'),
  LIMIT_ORDERS: meaning(10033, 'never'),
  LIMIT_VOLUME: meaning(10034, 'never'),
  INVALID_ORDER: meaning(10035, 'never'),
  POSITION_CLOSED: meaning(10036, 'never'),
  INVALID_CLOSE_VOLUME: meaning(10038, 'never'),
  CLOSE_ORDER_EXIST: meaning(10039, 'never'),
  LIMIT_POSITIONS: meaning(10040, 'never'),
  REJECT_CANCEL: meaning(10041, 'never'),
  LONG_ONLY: meaning(10042, 'never'),
  SHORT_ONLY: meaning(10043, 'never'),
  CLOSE_ONLY: meaning(10044, 'never'),
  FIFO_CLOSE: meaning(10045, 'never'),
  HEDGE_PROHIBITED: meaning(10046, 'never'),
} as const satisfies Record<string, Meaning>;

export type RetcodeName = keyof typeof table;

/** The retcodes by name: `retcodes.NO_MONEY` is 10019. */
export const retcodes = Object.fromEntries(Object.entries(table).map(([name, { code }]) => [name, code])) as {
  readonly [N in RetcodeName]: (typeof table)[N]['code'];
};

const byCode = new Map<number, RetcodeName>(
  Object.entries(table).map(([name, { code }]) => [code, name as RetcodeName]),
);

/** Null when the MQL5 reference does not list the number. */
export const retcodeName = (code: number): RetcodeName | null => byCode.get(code) ?? null;

/** True when a request that was rejected with this code may succeed unchanged a moment later. */
export function mayPassLater(code: number): boolean {
  const name = retcodeName(code);
  return name !== null && table[name].again === 'later';
}
