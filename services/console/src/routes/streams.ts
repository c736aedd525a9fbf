// `GET /api/streams`: each account and each stream as the collector sees it now. In: the collector's state. Out: two flat lists, so
// that one filter finds what is not live.
import type { FastifyInstance } from 'fastify';
import type { CollectorState } from '../collector-state.ts';
import { isoOfUs } from '../instant.ts';
import { failure, type StreamsAnswer, streamsAnswer, streamsQuery } from '../schemas.ts';

export function streamsRoute(app: FastifyInstance, collector: () => Promise<CollectorState>): void {
  app.get<{ Querystring: { account?: string } }>(
    '/api/streams',
    {
      schema: {
        summary: 'Accounts and their streams, as they are now',
        tags: ['live'],
        querystring: streamsQuery,
        response: { 200: streamsAnswer, 400: failure, 401: failure, 503: failure },
      },
    },
    async (request) => streamsOf(await collector(), request.query.account),
  );
}

/** `account` keeps only that one. */
export function streamsOf(state: CollectorState, account?: string): StreamsAnswer {
  const accounts = state.accounts.filter((entry) => account === undefined || entry.account === account);
  return {
    started_at: state.startedAt,
    accounts: accounts.map((entry) => ({
      account: entry.account,
      feed: entry.feed,
      phase: entry.phase,
      reason: entry.reason,
      since: entry.since,
      clock_rule: entry.clock?.rule ?? null,
      clock_skew_ms: entry.clock?.skew?.ms ?? null,
      clock_skew_uncertainty_ms: entry.clock?.skew?.uncertaintyMs ?? null,
      lag_ms: entry.sender?.lagMs ?? null,
      tape_bytes: entry.tape?.totalBytes ?? null,
    })),
    streams: accounts.flatMap((entry) =>
      entry.streams.map((stream) => ({
        account: entry.account,
        feed: entry.feed,
        stream: stream.stream,
        symbol: stream.symbol,
        timeframe: stream.timeframe,
        phase: stream.phase,
        since: stream.since,
        ts_last_recv: stream.lastTsRecv === null ? null : isoOfUs(stream.lastTsRecv),
        frames: stream.frames,
        open_gap:
          stream.openGap === null ? null : { cause: stream.openGap.cause, ts_from: stream.openGap.tsFrom },
      })),
    ),
  };
}
