// Gaps and outages from QuestDB. In: the query of the API. Out: its answer, newest first, cut at the limit and saying so.
import type { QuestDbHttp, Reader } from '@fxtape/questdb';
import type { GapSource } from './gap-source.ts';
import { isoOfUs, usOfIso } from './instant.ts';

/** Bounds are checked by the schemas. */
const boundOf = (name: 'fromUs' | 'toUs', text: string | undefined) => {
  const us = text === undefined ? null : usOfIso(text);
  return us === null ? {} : { [name]: us };
};
const isoOrNull = (us: number | null): string | null => (us === null ? null : isoOfUs(us));
const listOf = (text: string | null): string[] => (text === null || text === '' ? [] : text.split(/,\s*/));

const filterOf = (query: {
  open?: string | undefined;
  account?: string | undefined;
  from?: string | undefined;
  to?: string | undefined;
  limit: number;
}) => ({
  // One more than is answered: then there are more.
  limit: query.limit + 1,
  openOnly: query.open === 'true',
  ...(query.account === undefined ? {} : { account: query.account }),
  ...boundOf('fromUs', query.from),
  ...boundOf('toUs', query.to),
});

export const questDbGaps = (http: QuestDbHttp, reader: Reader): GapSource => ({
  gaps: async (query) => {
    const { stream, symbol } = query;
    const rows = await reader.gaps({
      ...filterOf(query),
      ...(symbol === undefined ? {} : { symbol }),
      ...(stream === undefined ? {} : { stream }),
    });
    const gaps = rows.toReversed().slice(0, query.limit);
    return {
      gaps: gaps.map((row) => ({
        ...row,
        account: row.account ?? '',
        stream: row.stream ?? '',
        cause: row.cause ?? '',
        state: row.state ?? '',
        ts_from: isoOfUs(row.ts_from ?? 0),
        ts_to: isoOrNull(row.ts_to),
        ts_updated: isoOfUs(row.ts_updated),
      })),
      truncated: rows.length > gaps.length,
    };
  },
  outages: async (query) => {
    const rows = await reader.outages(filterOf(query));
    const outages = rows.toReversed().slice(0, query.limit);
    return {
      outages: outages.map((row) => ({
        outage_id: row.outage_id,
        accounts: listOf(row.account),
        causes: listOf(row.causes),
        streams: listOf(row.streams),
        gaps: row.gaps,
        open: row.open_gaps,
        ts_from: isoOfUs(row.ts_from ?? 0),
        ts_to: isoOrNull(row.ts_to),
      })),
      truncated: rows.length > outages.length,
    };
  },
  ping: async () => void (await http.exec('SELECT 1')),
});
