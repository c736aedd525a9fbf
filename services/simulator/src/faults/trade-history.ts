// Faults of the trade history: a terminal that has not loaded it, and deals, closed positions and commissions that arrive late. In: the routes, the
// delay, whether `/status` admits it. Out: rows left out or shown without their costs.

import { z } from 'zod';
import { Random } from '../prices/random.ts';
import type { HistoryAsk, TradeRow } from '../answers/answer-shape.ts';
import type { Terminal } from '../terminal/terminal.ts';
import { defineFault, type FaultKind, ms } from './fault.ts';

const path = z.enum(['/OrderHistory', '/PositionHistory']).optional();
const fits = (given: { path?: HistoryAsk['path'] | undefined }, ask: HistoryAsk): boolean =>
  ask.symbol === null && (given.path === undefined || given.path === ask.path);

/** Empty lists, as from a terminal that has just started; with `synced`, `/status` claims to be ready. */
const empty = defineFault(
  'history_empty',
  z.strictObject({ path, synced: z.boolean().default(false), ms }),
  ({ conditions }, given) => {
    const fault = {
      shape: (ask: HistoryAsk, shape: { shows: ((row: TradeRow) => TradeRow | null)[] }): void => {
        if (fits(given, ask)) shape.shows.push(() => null);
      },
    };
    conditions.history = [...conditions.history, fault];
    if (!given.synced) conditions.unsynced++;
    return {
      applied: true,
      release: () => {
        conditions.history = conditions.history.filter((one) => one !== fault);
        if (!given.synced) conditions.unsynced--;
      },
    };
  },
);

/** Each row appears up to `rowMs` after its time and has its commission up to `costMs` after it; the delay of a row is always the same. */
const late = defineFault(
  'history_late',
  z.strictObject({
    path,
    rowMs: z.int().nonnegative().default(0),
    costMs: z.int().nonnegative().default(0),
    ms,
  }),
  (terminal, given) => {
    const { conditions } = terminal;
    const fault = {
      shape: (ask: HistoryAsk, shape: { shows: ((row: TradeRow) => TradeRow | null)[] }): void => {
        if (fits(given, ask)) shape.shows.push((row) => shownBy(terminal, given, row));
      },
    };
    conditions.history = [...conditions.history, fault];
    return {
      applied: true,
      release: () => {
        conditions.history = conditions.history.filter((one) => one !== fault);
      },
    };
  },
);

function shownBy(terminal: Terminal, of: { rowMs: number; costMs: number }, row: TradeRow): TradeRow | null {
  const number = String(row['ticket'] ?? row['positionId']);
  const random = new Random(terminal.seed, `late/${number}`);
  const [rowMs, costMs] = [random.next() * of.rowMs, random.next() * of.costMs];
  const time = Date.parse(String(row['closeTime'] ?? row['time']));
  const ageMs = terminal.clock().brokerMs(terminal.nowUtcMs()) - time;
  if (ageMs < rowMs) return null;
  if (ageMs >= costMs) return row;
  if (!('netProfit' in row)) return { ...row, commission: 0 };
  const net = Number(row['netProfit']) - Number(row['commission']);
  return { ...row, commission: 0, netProfit: Math.round(net * 100) / 100 };
}

export const TRADE_HISTORY_FAULTS: readonly FaultKind[] = [empty, late];
