// How the two clients call each route. In: our name of a route. Out: for this project's client the class and method, for the vendor's Python
// SDK 0.8.0 the method; both as their sources have them. What is not here has no method there, and is asked for over plain HTTP.

/** How arguments are passed: one text, one object, an id, an id and an object. */
export type Arguments = 'none' | 'symbol' | 'object' | 'id' | 'id and object';

export interface TypeScriptMethod {
  readonly class: 'FxSocketRest' | 'FxSocketManagement' | 'FxSocketTrading' | 'FxSocketAccounts';
  readonly method: string;
  readonly takes: Arguments;
}

const by = (name: TypeScriptMethod['class']) => (method: string, takes: Arguments) => ({
  class: name,
  method,
  takes,
});
const rest = by('FxSocketRest');
const management = by('FxSocketManagement');
const trading = by('FxSocketTrading');
const accounts = by('FxSocketAccounts');

export const typescriptMethods: Readonly<Record<string, TypeScriptMethod>> = {
  status: rest('status', 'none'),
  healthz: rest('healthz', 'none'),
  livez: rest('livez', 'none'),
  serverTimezone: rest('serverTimezone', 'none'),
  symbols: rest('symbols', 'none'),
  symbolInfo: rest('symbolInfo', 'symbol'),
  quote: rest('quote', 'symbol'),
  priceHistory: rest('priceHistory', 'object'),
  quoteTicks: rest('quoteTicks', 'object'),
  orderHistory: rest('orderHistory', 'object'),
  positionHistory: rest('positionHistory', 'object'),
  openedOrders: rest('openedOrders', 'none'),
  accountSummary: rest('accountSummary', 'none'),
  accountInfo: rest('accountInfo', 'none'),
  orderCalcMargin: rest('orderCalcMargin', 'object'),
  orderCalcProfit: rest('orderCalcProfit', 'object'),
  openApi: rest('openApi', 'none'),
  orderSend: trading('orderSend', 'object'),
  orderModify: trading('orderModify', 'object'),
  orderClose: trading('orderClose', 'object'),
  closeAll: trading('closeAll', 'object'),
  accounts: management('accounts', 'none'),
  account: management('account', 'id'),
  linkAccount: accounts('link', 'object'),
  updateAccount: accounts('update', 'id and object'),
  unlinkAccount: accounts('unlink', 'id'),
};

/** `terminal.…` of a TerminalClient, `fx.accounts.…` of a Client. */
export const pythonMethods: Readonly<Record<string, string>> = {
  status: 'terminal.status',
  healthz: 'terminal.healthz',
  livez: 'terminal.livez',
  serverTimezone: 'terminal.server_timezone',
  symbols: 'terminal.symbols',
  symbolInfo: 'terminal.symbol_info',
  quote: 'terminal.quote',
  priceHistory: 'terminal.price_history',
  orderHistory: 'terminal.order_history',
  positionHistory: 'terminal.position_history',
  openedOrders: 'terminal.opened_orders',
  accountSummary: 'terminal.account_summary',
  accountInfo: 'terminal.account_info',
  orderCalcMargin: 'terminal.calc_margin',
  orderCalcProfit: 'terminal.calc_profit',
  orderSend: 'terminal.order_send',
  orderModify: 'terminal.order_modify',
  orderClose: 'terminal.order_close',
  closeAll: 'terminal.close_all',
  accounts: 'fx.accounts.list',
  account: 'fx.accounts.get',
  linkAccount: 'fx.accounts.create',
  updateAccount: 'fx.accounts.update',
  unlinkAccount: 'fx.accounts.delete',
};
