// `/OrderCalcMargin` and `/OrderCalcProfit`. In: account and query. Out: the figure in the account's currency, by the conditions that orders are
// filled at.

import { readingRoutes } from '@fxtape/fxsocket';
import { cents } from '../trading/money.ts';
import { sideOf } from '../trading/records.ts';
import { failed, ok, type RestAnswer, validation } from '../answers/envelope.ts';
import { operationOf } from './operation.ts';
import type { Route, RouteContext } from './route.ts';

/** The query with its numbers parsed; other texts are left for the schema to refuse. */
function fields(query: URLSearchParams): Record<string, unknown> {
  const number = (text: string): unknown => (text.trim() === '' ? text : Number(text));
  return Object.fromEntries(
    [...query].map(([name, text]) => {
      if (name === 'symbol') return [name, text];
      return [name, name === 'operation' ? operationOf(text) : number(text)];
    }),
  );
}

const calculated =
  <T extends { symbol: string }>(
    of: {
      query: {
        safeParse(
          given: unknown,
        ):
          | { success: true; data: T }
          | { success: false; error: { issues: { path: unknown; message: string }[] } };
      };
      call: string;
    },
    figure: (context: RouteContext, symbol: number, given: T) => Record<string, number>,
  ): Route =>
  (context): RestAnswer => {
    const { query, terminal } = context;
    const given = of.query.safeParse(fields(query));
    if (!given.success) {
      const [issue] = given.error.issues;
      return validation(`${String(issue?.path)}: ${issue?.message}`);
    }
    const symbol = terminal.symbolIndex(given.data.symbol);
    if (symbol === -1) return failed('SymbolSelect');
    const found = figure(context, symbol, given.data);
    if (!Object.values(found).every(Number.isFinite)) return failed(of.call);
    return ok({ ...given.data, ...found, currency: 'USD' });
  };

export const CALC_ROUTES: readonly (readonly [string, Route])[] = [
  [
    readingRoutes.orderCalcMargin.path,
    calculated(
      { query: readingRoutes.orderCalcMargin.query, call: 'OrderCalcMargin' },
      ({ terminal }, symbol, { volume, price }) => ({
        margin: cents(terminal.money().margin(symbol, volume, price)),
      }),
    ),
  ],
  [
    readingRoutes.orderCalcProfit.path,
    calculated(
      { query: readingRoutes.orderCalcProfit.query, call: 'OrderCalcProfit' },
      ({ terminal }, symbol, { operation, volume: lots, priceOpen: open, priceClose: close }) => ({
        profit: terminal.money().profit(symbol, { side: sideOf(operation), lots, open, close }),
      }),
    ),
  ],
];
