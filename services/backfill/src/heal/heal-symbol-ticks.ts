// Heals a gap of one symbol's ticks: with past ticks if the bridge serves them and they can be compared with live rows, else by the broker's bars.
import { FxSocketError } from '@fxtape/fxsocket';
import { z } from 'zod';
import { notListed } from '../fetch/history-errors.ts';
import { healByBars } from './heal-by-bars.ts';
import type { HealContext, HealStep } from './heal-context.ts';
import { healTicks } from './heal-ticks.ts';
import type { SymbolGap } from './open-gap.ts';
import { isRefusal } from './tick-pages.ts';

const byBars = z.object({ step: z.literal('bars'), why: z.string() });

export async function healSymbolTicks(h: HealContext, gap: SymbolGap, progress: unknown): Promise<HealStep> {
  const known = byBars.safeParse(progress);
  try {
    if (known.success) return await healByBars(h, gap, known.data.why, progress);
    const step = await byTicks(h, gap, progress);
    return 'insteadBars' in step ? await healByBars(h, gap, step.insteadBars, null) : step;
  } catch (error) {
    if ((error as { code?: unknown }).code !== 'SYMBOL_NOT_LISTED') throw error;
    const evidence = { reason: 'symbol_not_listed' };
    const end = {
      state: 'unrecoverable',
      proved: gap,
      rowsHealed: 0,
      missingEstimate: null,
      evidence,
    } as const;
    return { end, written: 0 };
  }
}

async function byTicks(
  h: HealContext,
  gap: SymbolGap,
  progress: unknown,
): Promise<HealStep | { readonly insteadBars: string }> {
  const { access } = h.heal;
  try {
    const bounds = await access.of(h, gap.symbol);
    if (bounds === 'absent') return { insteadBars: 'no_quote_ticks' };
    return await healTicks(h, gap, bounds === 'dates_only', progress);
  } catch (error) {
    if (isRefusal(error)) {
      if (access.refused(h.account.account))
        return { againMs: h.heal.timing.shortestMs, progress, why: 'checking the bridge again' };
      return { insteadBars: 'quote_ticks_refused' };
    }
    if ((error as { code?: unknown }).code === 'HISTORY_CUT_WITHIN_MOMENT')
      return { insteadBars: 'quote_ticks_cut' };
    // `CopyTicks failed`: not loaded yet, unless the broker has no such symbol.
    const failed = error instanceof FxSocketError && error.code === 'FXSOCKET_TERMINAL_FAILED';
    if (failed && (await h.parts.listed.has(h, gap.symbol)) === false)
      throw notListed(gap.symbol, gap.account);
    throw error;
  }
}
