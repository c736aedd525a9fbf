// MetaTrader's retcodes. In: a number. Out: its text, and the `outcome` that the bridge derives from it.

export const RETCODE = {
  requote: 10004,
  placed: 10008,
  done: 10009,
  donePartial: 10010,
  invalid: 10013,
  invalidVolume: 10014,
  invalidPrice: 10015,
  invalidStops: 10016,
  tradeDisabled: 10017,
  marketClosed: 10018,
  noMoney: 10019,
  priceOff: 10021,
  invalidExpiration: 10022,
  noChanges: 10025,
  noConnection: 10031,
  limitOrders: 10033,
  positionClosed: 10036,
  invalidCloseVolume: 10038,
} as const;
export type Retcode = (typeof RETCODE)[keyof typeof RETCODE];

const TEXTS: Readonly<Record<Retcode, string>> = {
  10004: 'Requote',
  10008: 'Order placed',
  10009: 'Request completed',
  10010: 'Only part of the request was completed',
  10013: 'Invalid request',
  10014: 'Invalid volume',
  10015: 'Invalid price',
  10016: 'Invalid stops',
  10017: 'Trade disabled',
  10018: 'Market closed',
  10019: 'No money',
  10021: 'Off quotes',
  10022: 'Invalid expiration',
  10025: 'No changes',
  10031: 'No connection',
  10033: 'Limit of pending orders reached',
  10036: 'Position closed',
  10038: 'Invalid close volume',
};

export const retcodeText = (retcode: Retcode): string => TEXTS[retcode];

/** True for executed and placed orders, but not for "no changes". */
export const isSuccess = (retcode: Retcode): boolean =>
  retcode === RETCODE.done || retcode === RETCODE.placed;

export const outcomeOf = (retcode: Retcode): 'applied' | 'partial' | 'no_change' | 'rejected' => {
  if (isSuccess(retcode)) return 'applied';
  if (retcode === RETCODE.donePartial) return 'partial';
  return retcode === RETCODE.noChanges ? 'no_change' : 'rejected';
};
