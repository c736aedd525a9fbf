// The public surface: everything that changes something at a broker or at FxSocket. No service depends on it.
export { type AccountLinkRequest, type AccountUpdateRequest, FxSocketAccounts } from './accounts.ts';
export type { ChangeCall, ChangeOptions } from './change.ts';
export { type OrderOutcome, type OrderResult, outcomes } from './order-outcome.ts';
export { mayPassLater, retcodeName, retcodes, type RetcodeName } from './retcodes.ts';
export {
  type CloseAllRequest,
  type CloseAllResult,
  FxSocketTrading,
  type OrderCloseRequest,
  type OrderModifyRequest,
  type OrderSendRequest,
} from './trading.ts';
export { type FindOut, FxSocketTradingError } from './trading-error.ts';
