// The plan for an explicit request. In: the request and the plan's input. Out: jobs for what is missing. A requested range is wanted whatever
// depth is configured; without a range, it is everything that is configured. Refused ranges are retried and the beginning of history is
// checked again; covered ranges are read again only with `again`.
import type { Payload } from '@fxtape/jobs';
import type { StreamKey } from '@fxtape/market';
import { type HistoryJob, jobsOf } from './history-jobs.ts';
import { indexStreams, needOf, needWithin, type StreamNeed } from './missing.ts';
import { newestFirst } from './newest-first.ts';
import type { ConfiguredSince, Planned, PlanInput } from './plan-input.ts';

export type PlanAsked = Payload<'plan'>;

/** `listed`: all symbols of the broker, because a symbol that is not recorded can be requested, too. */
export function planRequested(
  asked: PlanAsked,
  input: PlanInput,
  listed: readonly string[],
): Iterable<Planned<HistoryJob>> {
  const index = indexStreams(
    asked.again ? { ...input, coverage: input.coverage.filter(isLive) } : input,
    true,
  );
  const unlimited = { ...input, earliest: new Map<string, number>() };
  const needs = streamsAsked(asked, input, listed).flatMap((key): StreamNeed | StreamNeed[] => {
    const configured = needOf(key, unlimited, index);
    if (asked.fromUs === null && asked.toUs === null)
      return configured === null ? [] : [withHead(configured)];
    const fromUs = asked.fromUs ?? configured?.wanted.fromUs ?? key.sinceUs;
    const range = { fromUs, toUs: asked.toUs ?? Number.MAX_SAFE_INTEGER };
    return needWithin(key, range, input, index) ?? [];
  });
  return newestFirst(
    needs.map((need) => jobsOf(input, need, 'request')),
    ({ job }) => job.payload,
  );
}

/** Live coverage still counts with `again`: ticks recorded live are not requested from history. */
const isLive = ({ source }: PlanInput['coverage'][number]): boolean => source === 'live';

const withHead = (need: StreamNeed): StreamNeed =>
  need.deferred === null ? need : { ...need, missing: [...need.missing, need.deferred], deferred: null };

function streamsAsked(
  asked: PlanAsked,
  input: PlanInput,
  listed: readonly string[],
): readonly ConfiguredSince[] {
  const { symbol, timeframe } = asked;
  const fits = (key: StreamKey): boolean =>
    (symbol === null || key.symbol === symbol) && (timeframe === null || key.timeframe === timeframe);
  const configured = input.streams.filter(fits);
  const has = new Set(configured.map((key) => key.symbol));
  const asksBars = timeframe !== null && input.feed !== null;
  if (!asksBars) return configured;
  const known = new Set(input.streams.flatMap((key) => (key.symbol === null ? [] : [key.symbol])));
  const others = symbol === null ? [...known] : listed.filter((name) => name === symbol);
  const added = others.filter((name) => !has.has(name));
  return [
    ...configured,
    ...added.map((name) => ({ stream: 'bars' as const, symbol: name, timeframe, sinceUs: input.nowUs })),
  ];
}
