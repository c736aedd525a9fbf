// Writes a row of `symbol_specs` when a static field of a symbol has changed. In: a symbol. Out: the number of rows written.
import { FieldReader, sameSpec, symbolSpecRow } from '@fxtape/market';
import { isNotReady, notListed } from '../fetch/history-errors.ts';
import { fieldRows } from './rejected-rows.ts';
import type { SyncContext } from '../context/sync-context.ts';

/** Returns the number of rows written. @throws SYMBOL_NOT_LISTED, and the errors of client and database. */
export async function syncSymbolSpec(c: SyncContext, of: { feed: string; symbol: string }): Promise<number> {
  const { clock, listed, numbers, reader, writer } = c.parts;
  const info = await c
    .ask({ route: '/SymbolInfo', purpose: 'facts' }, (signal) =>
      c.account.rest.symbolInfo(of.symbol, { signal, retry: 'transport' }),
    )
    .catch(async (error: unknown) => {
      const doubtful = isNotReady(error) || (error as { code?: unknown }).code === 'FXSOCKET_NOT_FOUND';
      if (doubtful && (await listed.has(c, of.symbol)) === false)
        throw notListed(of.symbol, c.account.account);
      throw error;
    });
  const row = symbolSpecRow(info, { feed: of.feed, seenUs: clock.nowUs() });
  return c.alone(`specs|${of.feed}|${of.symbol}`, async () => {
    const known = (await reader.latestSpecs(of.feed, { signal: c.signal })).get(of.symbol);
    if (known !== undefined && (sameSpec(known, row) || known.ts > row.ts)) return 0;
    const reason = new FieldReader().take(info.unreadable);
    const incomplete = reason === null ? [] : [{ row, raw: info, reason }];
    await writer.write(
      { ...fieldRows(c, incomplete, () => true), symbol_specs: [row] },
      { signal: c.signal },
    );
    numbers.stored('symbol_specs', 1);
    return 1;
  });
}
