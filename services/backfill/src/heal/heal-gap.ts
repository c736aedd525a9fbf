// Heals one open gap, by the kind of its stream. In: the gap. Out: its final state, or when to continue. A gap of all symbols is healed symbol by symbol
// and ends in the worst state of its parts: `healed` or `verified_empty` only if every part is.
import { timeframes } from '@fxtape/fxsocket';
import { matchSymbols } from '@fxtape/config';
import { z } from 'zod';
import type { GapEnd } from './gap-events.ts';
import { healBars } from './heal-bars.ts';
import type { HealContext, HealStep } from './heal-context.ts';
import { giveUpFigures, healNumbers, healTrades, isOfHistory, numbersOf } from './heal-trades.ts';
import { healSymbolTicks } from './heal-symbol-ticks.ts';
import { ofSymbol, type OpenGap } from './open-gap.ts';

interface Part {
  readonly name: string;
  readonly heal: (progress: unknown) => Promise<HealStep>;
}

export async function healGap(h: HealContext, gap: OpenGap, progress: unknown): Promise<HealStep> {
  const parts = await partsOf(h, gap);
  const [only] = parts;
  if (only === undefined) return { end: nothingRecorded(gap), written: 0 };
  return parts.length === 1 ? only.heal(progress) : healParts(gap, parts, progress);
}

async function partsOf(h: HealContext, gap: OpenGap): Promise<Part[]> {
  const { feed, config } = h.account;
  switch (gap.stream) {
    case 'ticks':
      return (await symbolsOf(h, gap)).map((symbol) => ({
        name: symbol,
        heal: (progress) => healSymbolTicks(h, ofSymbol(gap, feed, symbol), progress),
      }));
    case 'bars': {
      const wanted =
        gap.timeframe === null ? config.timeframes : timeframes.filter((one) => one === gap.timeframe);
      return (await symbolsOf(h, gap)).flatMap((symbol) =>
        wanted.map((timeframe) => ({
          name: `${symbol} ${timeframe}`,
          heal: (progress: unknown) => healBars(h, ofSymbol(gap, feed, symbol), timeframe, progress),
        })),
      );
    }
    case 'deals':
    case 'positions': {
      const numbers = numbersOf(gap);
      if (numbers !== null) return [{ name: gap.stream, heal: () => healNumbers(h, gap, numbers) }];
      if (gap.stream === 'deals' || isOfHistory(gap))
        return [{ name: gap.stream, heal: (progress) => healTrades(h, gap, progress) }];
      return [{ name: gap.stream, heal: () => giveUpFigures(h, gap) }];
    }
    default:
      return [{ name: gap.stream, heal: () => giveUpFigures(h, gap) }];
  }
}

async function symbolsOf(h: HealContext, gap: OpenGap): Promise<readonly string[]> {
  if (gap.symbol !== null) return [gap.symbol];
  const wanted = h.account.config.marketData?.symbols ?? [];
  const listed = await h.ask({ route: '/symbols', purpose: 'facts' }, (signal) =>
    h.account.rest.symbols({ signal }),
  );
  return matchSymbols(wanted, listed).matched;
}

const saved = z.object({
  step: z.literal('parts'),
  ended: z.record(z.string(), z.unknown()),
  open: z.record(z.string(), z.unknown()),
});

const SEVERITY = ['verified_empty', 'healed', 'unrecoverable'] as const;

async function healParts(gap: OpenGap, parts: readonly Part[], earlier: unknown): Promise<HealStep> {
  const known = saved.safeParse(earlier);
  const ended = new Map(Object.entries(known.success ? known.data.ended : {}) as [string, GapEnd][]);
  const open: Record<string, unknown> = {};
  let againMs = Number.POSITIVE_INFINITY;
  let written = 0;
  for (const { heal, name } of parts) {
    if (ended.has(name)) continue;
    const step = await heal(known.success ? known.data.open[name] : null);
    if ('end' in step) {
      ended.set(name, step.end);
      written += step.written;
    } else {
      open[name] = step.progress;
      againMs = Math.min(againMs, step.againMs);
    }
  }
  if (againMs < Number.POSITIVE_INFINITY) {
    const progress = { step: 'parts', ended: Object.fromEntries(ended), open };
    return { againMs, progress, why: `${Object.keys(open).length} of ${parts.length} are not ready` };
  }
  return { end: together(gap, ended), written };
}

function together(gap: OpenGap, ended: ReadonlyMap<string, GapEnd>): GapEnd {
  const ends = [...ended.values()];
  const worst = Math.max(
    ...ends.map(({ proved, state }) => {
      const whole = proved.fromUs <= gap.fromUs && proved.toUs >= gap.toUs;
      return SEVERITY.indexOf(whole ? state : 'unrecoverable');
    }),
  );
  const sum = (of: (end: GapEnd) => number | null): number | null =>
    ends.some((end) => of(end) === null) ? null : ends.reduce((total, end) => total + (of(end) ?? 0), 0);
  const parts = Object.fromEntries(
    [...ended].map(([name, { evidence, state }]) => [name, { state, ...evidence }]),
  );
  return {
    state: SEVERITY[worst] ?? 'unrecoverable',
    proved: gap,
    rowsHealed: sum(({ rowsHealed }) => rowsHealed),
    missingEstimate: sum(({ missingEstimate }) => missingEstimate),
    evidence: { reason: 'by_symbol', parts },
  };
}

const nothingRecorded = (gap: OpenGap): GapEnd => ({
  state: 'unrecoverable',
  proved: gap,
  rowsHealed: 0,
  missingEstimate: null,
  evidence: { reason: 'no_symbol', detail: 'the broker lists none of the configured symbols' },
});
