// The collector's state for the console, the command line and readiness. In: the pipelines. Out: plain JSON with the state of each account,
// and the sentences that say why the collector is not ready.
import type { Subscription } from '@fxtape/fxsocket';
import { roughUs, type StreamKey, streamId, streamName, topicOfStream } from '@fxtape/market';
import type { Clock } from '@fxtape/ops';
import { type AccountFacts, type AccountState, accountState, type StreamPhase } from './account-state.ts';
import type { Parts } from '../start/begin.ts';
import type { Pipeline } from '../pipeline.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

const topicId = ({ symbol, timeframe, topic }: Subscription): string =>
  [topic, symbol ?? '', timeframe ?? ''].join('|');

const streamsOf = ({ parts, wanted }: Pipeline) => {
  const ledger = parts?.memory.ledger.state;
  const session = parts?.stream.state() ?? null;
  const unlisted = new Set(wanted.unlisted);
  const failed = new Set(session?.failed.map(({ sub }) => topicId(sub)));
  const phaseOf = (key: StreamKey): StreamPhase => {
    if (key.symbol !== null && unlisted.has(key.symbol)) return 'unlisted';
    if (session?.phase === 'live' && ledger?.streams.get(streamId(key))?.phase === 'live') return 'live';
    return failed.has(topicId(topicOfStream(key) as Subscription)) ? 'failed' : 'pending';
  };
  return wanted.streams.map((key) => {
    const account = ledger?.streams.get(streamId(key));
    const gap = account?.gap ?? null;
    const from = gap?.from ?? null;
    const tsFrom = from === null ? null : iso(roughUs(from) / 1000);
    return {
      ...key,
      topic: topicOfStream(key).topic,
      phase: phaseOf(key),
      since: account === undefined || account.claimedAtUs === 0 ? null : iso(account.claimedAtUs / 1000),
      lastTsRecv: null,
      frames: account?.rows ?? 0,
      openGap: gap === null ? null : { cause: gap.cause, tsFrom },
    };
  });
};

const CLOCK_WAITS: Readonly<Record<string, AccountFacts['clock']['wait']>> = {
  clock_conflict: 'clock_conflict',
  unconfirmed: 'clock_unconfirmed',
};

export const stateOf = (
  pipeline: Pipeline,
  now: Moment,
  streams: ReturnType<typeof streamsOf> = streamsOf(pipeline),
): AccountState => {
  const { config, database, failures, notRecording, parts } = pipeline;
  const feed = config.marketData?.feed ?? null;
  const sending = parts?.outflow.state ?? { phase: 'stopped', reason: null };
  return accountState({
    notRecording,
    obstacle: parts?.intake.obstacle?.toLine() ?? null,
    session: parts?.stream.state() ?? null,
    clock: { wait: CLOCK_WAITS[sending.phase] ?? null, reason: sending.reason ?? '' },
    feedWaits: sending.phase === 'feed_waits' ? sending.reason : null,
    failures,
    database,
    lagMs: parts === null ? null : lagMsOf(parts, now.us),
    streams: streams.map((stream) => ({ name: streamName(stream), phase: stream.phase })),
    former: pipeline.former.map((one) => ({ name: one.name, feed: one.feed === feed ? null : one.feed })),
  });
};

/** One moment on both clocks of the machine. */
export interface Moment {
  /** Wall clock, UTC microseconds. */
  readonly us: number;
  readonly monoMs: number;
}

export const momentOf = (clock: Pick<Clock, 'nowUs' | 'monoMs'>): Moment => ({
  us: clock.nowUs(),
  monoMs: clock.monoMs(),
});

/**
 * Newest line of the tape minus newest line that QuestDB answered for. Null: unknown, because nothing was answered yet, or because the
 * machine's clock is behind the tape, so that receive times are made up and their span is no duration.
 */
export const lagMsOf = (
  { intake, memory, outflow }: Pick<Parts, 'intake' | 'memory' | 'outflow'>,
  wallUs: number,
): number | null => {
  const answered = outflow.state.answeredTsRecv;
  if (answered === null || intake.watch.held(wallUs)) return null;
  return Math.max(0, Math.round((memory.ledger.lastTsRecv - answered) / 1000));
};

export const accountReport = (pipeline: Pipeline, now: Moment) => {
  const { config, parts } = pipeline;
  const streams = streamsOf(pipeline);
  const { database, ready, reason, reasons, recording, remarks, state } = stateOf(pipeline, now, streams);
  const span = parts?.keeper.current ?? null;
  const sent = parts?.outflow.state ?? null;
  const appended = parts?.memory.ledger.lastTsRecv ?? null;
  return {
    account: config.name,
    feed: config.marketData?.feed ?? null,
    phase: state,
    reason,
    ready,
    recording,
    reasons,
    remarks,
    since: pipeline.startedAt,
    conn: parts?.memory.ledger.state.conn ?? 0,
    clock: {
      rule: span?.rule ?? null,
      ruleId: span?.rule ?? null,
      confirmed: span?.confirmed ?? false,
      replayed: config.clock.replayed,
      delayed: sent?.delayed ?? [],
      skew: parts?.intake.watch.skew(now.monoMs) ?? null,
    },
    tape: {
      appendedTsRecv: appended,
      syncedTsRecv: null,
      segmentBytes: parts?.tape.position.appended?.offset ?? 0,
      totalBytes: null,
    },
    sender: {
      phase: sent?.phase ?? 'starting',
      code: database?.code ?? null,
      message: database?.message ?? null,
      cursorTsRecv: parts?.checkpoints.confirmed?.position.segment ?? null,
      answeredTsRecv: sent?.answeredTsRecv ?? null,
      appliedTsRecv: sent?.appliedTsRecv ?? null,
      lagMs: parts === null ? null : lagMsOf(parts, now.us),
      backlogLines: null,
    },
    streams,
    counters:
      parts === null
        ? {}
        : { ...parts.intake.counters, fields_unreadable: parts.outflow.state.fieldsUnreadable },
    at: iso(now.us / 1000),
  };
};

/** Sentences for everything that is not as configured. */
export const reasonsOf = (pipelines: readonly Pipeline[], now: Moment): string[] =>
  pipelines.flatMap((pipeline) =>
    stateOf(pipeline, now).reasons.map((reason) => `${pipeline.config.name}: ${reason}`),
  );
