// The collector's state as the console, the command line and readiness read it. In: the pipelines. Out: plain JSON and the
// sentences that say why the collector is not ready.
import { roughUs, streamId, topicOfStream } from '@fxtape/market';
import type { Clock } from '@fxtape/ops';
import type { Pipeline, PipelineParts } from './pipeline.ts';

const iso = (ms: number): string => new Date(ms).toISOString();

const streamsOf = (pipeline: Pipeline, phaseAll: string | null) => {
  const ledger = pipeline.parts?.memory.ledger.state;
  const unlisted = new Set(pipeline.wanted.unlisted);
  return pipeline.wanted.streams.map((key) => {
    const account = ledger?.streams.get(streamId(key));
    const gap = account?.gap ?? null;
    const live = account?.phase === 'live' && phaseAll === null;
    const phase = key.symbol !== null && unlisted.has(key.symbol) ? 'unlisted' : live ? 'live' : 'pending';
    const from = gap?.from ?? null;
    const tsFrom = from === null ? null : iso(roughUs(from) / 1000);
    return {
      ...key,
      topic: topicOfStream(key).topic,
      phase,
      since: account === undefined || account.claimedAtUs === 0 ? null : iso(account.claimedAtUs / 1000),
      lastTsRecv: null,
      frames: account?.rows ?? 0,
      openGap: gap === null ? null : { cause: gap.cause, tsFrom },
    };
  });
};

const phaseOf = (pipeline: Pipeline): { phase: string; reason: string | null } => {
  const { parts } = pipeline;
  if (parts === null) return { phase: pipeline.phase, reason: pipeline.reason };
  if (parts.intake.obstacle !== null) return { phase: 'tape_full', reason: parts.intake.obstacle.toLine() };
  const { phase, reason } = parts.outflow.state;
  if (phase === 'clock_conflict') return { phase, reason: `CLOCK_CONFLICT: ${reason}` };
  if (phase === 'unconfirmed') return { phase: 'clock_unconfirmed', reason: `CLOCK_UNCONFIRMED: ${reason}` };
  const session = parts.stream.state();
  return { phase: session.phase, reason: session.reason };
};

/** What the database refuses, or has and does not apply: it takes a person to end it. Null while it only takes time. */
const refusalOf = (pipeline: Pipeline): { code: string; message: string } | null => {
  const { applied, paused, writers } = pipeline.database;
  if (paused !== null) return { code: paused.code, message: `${paused.message}. ${paused.hint}` };
  const refused = writers.find(({ phase }) => phase === 'refused');
  const { code, message } =
    applied.phase === 'suspended' ? applied : (refused ?? { code: null, message: null });
  return code === null ? null : { code, message: message ?? '' };
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
  { intake, memory, outflow }: Pick<PipelineParts, 'intake' | 'memory' | 'outflow'>,
  wallUs: number,
): number | null => {
  const answered = outflow.state.answeredTsRecv;
  if (answered === null || intake.watch.held(wallUs)) return null;
  return Math.max(0, Math.round((memory.ledger.lastTsRecv - answered) / 1000));
};

export const accountReport = (pipeline: Pipeline, now: Moment) => {
  const { config, parts } = pipeline;
  const { phase, reason } = phaseOf(pipeline);
  const span = parts?.keeper.current ?? null;
  const sent = parts?.outflow.state ?? null;
  const refusal = refusalOf(pipeline);
  const appended = parts?.memory.ledger.lastTsRecv ?? null;
  return {
    account: config.name,
    feed: config.marketData?.feed ?? null,
    phase,
    reason,
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
      code: refusal?.code ?? null,
      message: refusal?.message ?? null,
      cursorTsRecv: parts?.checkpoints.confirmed?.position.segment ?? null,
      answeredTsRecv: sent?.answeredTsRecv ?? null,
      appliedTsRecv: sent?.appliedTsRecv ?? null,
      lagMs: parts === null ? null : lagMsOf(parts, now.us),
      backlogLines: null,
    },
    streams: streamsOf(pipeline, phase === 'live' ? null : phase),
    counters:
      parts === null
        ? {}
        : { ...parts.intake.counters, fields_unreadable: parts.outflow.state.fieldsUnreadable },
    at: iso(now.us / 1000),
  };
};

/** Sentences for everything that is not as configured; a symbol that the broker does not list is no reason. */
export const reasonsOf = (pipelines: readonly Pipeline[], now: Moment): string[] => {
  const reasons: string[] = [];
  for (const pipeline of pipelines) {
    const report = accountReport(pipeline, now);
    if (report.phase !== 'live') {
      reasons.push(
        `${report.account}: ${report.phase}${report.reason === null ? '' : ` (${report.reason})`}`,
      );
      continue;
    }
    const { code, message } = report.sender;
    if (code !== null) reasons.push(`${report.account}: rows wait (${code}: ${message})`);
    const waiting = report.streams.filter((stream) => stream.phase === 'pending');
    const first = waiting[0];
    if (first === undefined) continue;
    const name = [first.stream, first.symbol, first.timeframe].filter((part) => part !== null).join(' ');
    reasons.push(
      `${report.account}: ${waiting.length} of ${report.streams.length} streams are not live, ${name} first`,
    );
  }
  return reasons;
};
