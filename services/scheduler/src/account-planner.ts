// Plans one account: read what is stored → ask the gateway → settle its identity, clock and streams → plan → queue. In: the account's
// configuration. Out: rows of `accounts`, `streams` and `clock_rules`, jobs in the queue, and a report. Every run starts from QuestDB and the
// gateway alone, so a run that failed half-way is simply repeated.
import { type AccountConfig, matchSymbols } from '@fxtape/config';
import { type JobQueues, type Payload, type PlannedJob, type PlanNote } from '@fxtape/jobs';
import { type ClockRule, parseBrokerTime, streamId, type TableRow } from '@fxtape/market';
import { type Clock, FxtapeError, type Log } from '@fxtape/ops';
import type { AppliedWriter } from '@fxtape/questdb';
import { accountRow, otherNames, requireBound, sameAccount } from './account-row.ts';
import { type ClockState, type SettledClock, settleClock } from './account-clock.ts';
import { AuditWatch } from './audit-watch.ts';
import { endedStreams, streamChanges } from './configured-streams.ts';
import { planInput, type Readers, readStored, recordedSince, type Stored } from './gather-input.ts';
import { type GatewayView, GatewayWatch } from './gateway-watch.ts';
import { InferenceMemory } from './inference-memory.ts';
import { eventJob, type StreamedBar } from './plan/event-job.ts';
import { AUDIT_KEY } from './plan/housekeeping.ts';
import { type AccountPlan, type MissingCount, planAccount } from './plan/plan-account.ts';
import type { ConfiguredSince, PlanInput } from './plan/plan-input.ts';
import { planRequested } from './plan/plan-request.ts';
import { dayOf } from './plan/rereads.ts';
import { PlanTaker } from './plan/take.ts';
import { queueUp } from './queue-up.ts';

/** The most jobs that one request puts into a queue. The answer says how many are left. */
const MOST_ASKED = 20_000;
const DONE_KEYS_MS = 2 * 86_400_000;

export interface AccountPlannerOptions {
  /** The current key in a variable. */
  readonly keyOf: (variable: string) => string;
  readonly baseUrl: string;
  readonly queues: JobQueues;
  readonly readers: Readers;
  readonly writer: AppliedWriter;
  /** The names of all configured accounts. */
  readonly configured: () => ReadonlySet<string>;
  readonly clock: Clock;
  readonly log: Log;
}

export interface PlannerState {
  readonly phase: 'starting' | 'planned' | 'waiting' | 'refused';
  /** Why it waits or was refused. */
  readonly reason: string | null;
  /** When the last complete plan was made, wall clock ms. */
  readonly plannedAtMs: number | null;
  readonly tookMs: number | null;
  readonly clock: ClockState | null;
  readonly symbols: number;
  readonly unlisted: readonly string[];
  readonly missing: readonly MissingCount[];
  /** In the last plan. */
  readonly added: number;
  readonly standing: number;
  /** More is left to queue when there is room. */
  readonly more: boolean;
  /** Plan again as soon as the queue is empty. */
  readonly searching: boolean;
}

/** The answer to a request, for one account. */
export interface RequestedPlan extends Omit<PlanNote, 'failed'> {
  /** Every symbol that the account records. */
  readonly symbols: readonly string[];
}

interface Settled {
  readonly clock: SettledClock;
  readonly input: PlanInput;
  readonly listed: readonly string[];
  readonly unlisted: ReadonlySet<string>;
}

export class AccountPlanner {
  readonly #o: AccountPlannerOptions;
  readonly #gateway: GatewayWatch;
  #config: AccountConfig;
  readonly #audit = new AuditWatch();
  #view: GatewayView | null = null;
  /** Settling runs one at a time: a plan and a request must not interleave. */
  #turn: Promise<unknown> = Promise.resolve();
  /** From the last plan, for events between two plans. */
  #latest: { rule: ClockRule; claimedToUs: ReadonlyMap<string, number> } | null = null;
  readonly #inference = new InferenceMemory();
  #clockChanges = 0;
  /** The streams under earlier names of this account were ended. */
  #formerEnded = false;
  #state: PlannerState = {
    phase: 'starting',
    reason: null,
    plannedAtMs: null,
    tookMs: null,
    clock: null,
    symbols: 0,
    unlisted: [],
    missing: [],
    added: 0,
    standing: 0,
    more: false,
    searching: false,
  };

  constructor(config: AccountConfig, options: AccountPlannerOptions) {
    this.#config = config;
    this.#o = options;
    this.#gateway = new GatewayWatch(config, options);
  }

  get config(): AccountConfig {
    return this.#config;
  }

  /** How often a clock decision replaced an earlier one. */
  get clockChanges(): number {
    return this.#clockChanges;
  }

  get state(): PlannerState {
    return this.#state;
  }

  reconfigure(config: AccountConfig): void {
    this.#config = config;
    this.#gateway.reconfigure(config);
  }

  /** Plans what is missing. Never throws: an error becomes the state, and the next run tries again. */
  async plan(signal: AbortSignal): Promise<void> {
    const { clock, log, queues } = this.#o;
    const startMs = clock.monoMs();
    try {
      const asOfMs = clock.nowMs();
      // Before the coverage is read: a job that ends in between is then in one of the two.
      const standing = await queues.standing(this.#config.name);
      const settled = await this.#settle(signal);
      const plan = planAccount(settled.input);
      const queued = await queueUp(queues, new PlanTaker(plan), standing, asOfMs);
      await queues.addDoneKeys(this.#doneKeysName(), [...plan.firstReads, ...queued.doneKeys], DONE_KEYS_MS);
      if (queued.doneKeys.includes(AUDIT_KEY)) this.#audit.planned(settled.input.wallUs);
      this.#planned(settled, plan);
      this.#state = {
        phase: 'planned',
        reason: null,
        plannedAtMs: asOfMs,
        tookMs: clock.monoMs() - startMs,
        clock: settled.clock.state,
        symbols: new Set(settled.input.streams.flatMap(({ symbol }) => symbol ?? [])).size,
        unlisted: [...settled.unlisted],
        missing: plan.missing,
        added: queued.added,
        standing: queued.standing,
        more: queued.more,
        searching: plan.searching,
      };
      if (queued.added > 0) log.debug({ added: queued.added, more: queued.more }, 'planned');
    } catch (error) {
      if (signal.aborted) return;
      const reason = error instanceof FxtapeError ? error.toLine() : String(error);
      const terminal = error instanceof FxtapeError && error.kind === 'terminal';
      if (this.#state.reason !== reason) log.warn({ err: error }, 'cannot plan this account; retrying');
      this.#state = { ...this.#state, phase: terminal ? 'refused' : 'waiting', reason };
    }
  }

  /** Answers a request to plan. Errors: those of the gateway, QuestDB and Redis. */
  async planRequested(asked: Payload<'plan'>, signal: AbortSignal): Promise<RequestedPlan> {
    const asOfMs = this.#o.clock.nowMs();
    const { clock, input, listed } = await this.#settle(signal);
    if (clock.state.awaitsEvidence) {
      if (clock.job !== null) await this.#o.queues.plan([clock.job], { asOfMs });
      throw clockAwaited(this.#config.name);
    }
    const jobs: PlannedJob[] = [];
    let seen = 0;
    for (const { job } of planRequested(asked, input, listed)) {
      seen += 1;
      if (seen > asked.skip && jobs.length < MOST_ASKED) jobs.push(job);
    }
    const { counts } = await this.#o.queues.plan(jobs, { asOfMs, restMs: 0 });
    const symbols = input.streams.flatMap(({ symbol }) => symbol ?? []);
    return { jobs, counts, left: Math.max(0, seen - asked.skip - jobs.length), symbols };
  }

  /** The job for a streamed bar. Null before the first plan, which finds the bar by itself. */
  eventJob(bar: StreamedBar): PlannedJob | null {
    const feed = this.#config.marketData?.feed ?? null;
    if (this.#latest === null || feed === null) return null;
    const { claimedToUs, rule } = this.#latest;
    const whose = { account: this.#config.name, feed };
    return eventJob(whose, bar, rule, claimedToUs.get(streamId({ ...bar, stream: 'bars' })) ?? null);
  }

  /** Ends the streams and the queue of an account that is no longer configured. */
  async remove(signal: AbortSignal): Promise<void> {
    const { clock, queues, readers, writer } = this.#o;
    const { name } = this.#config;
    await this.#gateway.close();
    await queues.drop(name);
    const streams = await readers.history.streams(name, { signal });
    const rows = endedStreams(streams, clock.nowUs());
    if (rows.length > 0) await writer.write({ streams: rows }, { signal });
  }

  close(): Promise<void> {
    return this.#gateway.close();
  }

  #settle(signal: AbortSignal): Promise<Settled> {
    const settled = this.#turn.then(() => this.#settleNow(signal));
    this.#turn = settled.catch(() => null);
    return settled;
  }

  async #settleNow(signal: AbortSignal): Promise<Settled> {
    const { clock, queues, readers, writer } = this.#o;
    const config = this.#config;
    const stored = await readStored(config, readers, signal);
    const before = listedBefore(stored);
    const view = await this.#look(before, signal);
    requireBound(stored.account, view);
    const listed = view.listed.length > 0 ? view.listed : before;
    const settledClock = await settleClock({
      ...this.#o,
      reader: readers.history,
      config,
      server: view.row.server,
      listed,
      configured: matchSymbols(config.marketData?.symbols ?? [], listed).matched,
      recordedRule: stored.recordedRule,
      memory: this.#inference,
      timezone: () => this.#gateway.timezone(signal),
      signal,
    });
    if (settledClock.replaced !== null) this.#clockChanges += 1;
    const { rule } = settledClock;
    const nowUs = config.clock.replayed ? await this.#replayedNow(rule, signal) : clock.nowUs();
    const changes = streamChanges({
      config,
      listed: view.listed,
      missing: view.missing,
      known: stored.streams,
      nowUs,
      recordedSinceUs: recordedSince(config.name, stored),
    });
    const account = accountRow(config, view, clock.nowUs());
    await writer.write(
      {
        accounts: stored.account !== null && sameAccount(stored.account, account) ? [] : [account],
        streams: [...changes.rows, ...(await this.#formerStreams(stored, view, signal))],
      },
      { signal },
    );
    this.#formerEnded = true;
    const streams = changes.streams.filter(
      ({ symbol }: ConfiguredSince) => symbol === null || !changes.unlisted.has(symbol),
    );
    const wallUs = clock.nowUs();
    const doneToday = await queues.doneKeys(this.#doneKeysName());
    const partitions = await readers.audit.partitionRows({ signal });
    const input = await planInput({
      config,
      stored,
      streams,
      clock: settledClock,
      nowUs,
      wallUs,
      doneToday,
      auditUs: this.#audit.due(partitions, wallUs) ? wallUs : null,
      readers,
      signal,
    });
    return { clock: settledClock, input, listed, unlisted: changes.unlisted };
  }

  /** The ends of the streams that a renamed account left under its old name. Checked once. */
  async #formerStreams(
    { accounts }: Stored,
    view: GatewayView,
    signal: AbortSignal,
  ): Promise<TableRow<'streams'>[]> {
    if (this.#formerEnded) return [];
    const { clock, configured, log, readers } = this.#o;
    const { name } = this.#config;
    const names = otherNames(accounts, name, view).filter((other) => !configured().has(other));
    const reason = `the account is recorded as "${name}"`;
    const rows: TableRow<'streams'>[] = [];
    for (const other of names) {
      const ended = endedStreams(await readers.history.streams(other, { signal }), clock.nowUs(), reason);
      if (ended.length > 0)
        log.warn({ before: other }, 'ended the streams that this account recorded under another name');
      rows.push(...ended);
    }
    return rows;
  }

  /** The gateway's view, or the last one: planning does not need the gateway at this moment. */
  async #look(known: readonly string[], signal: AbortSignal): Promise<GatewayView> {
    try {
      this.#view = await this.#gateway.view(known, signal);
    } catch (error) {
      if (this.#view === null || (error instanceof FxtapeError && error.kind === 'terminal')) throw error;
      this.#o.log.debug({ err: error }, 'the gateway does not answer; planning with its last view');
    }
    return this.#view;
  }

  async #replayedNow(rule: ClockRule, signal: AbortSignal): Promise<number> {
    const { serverTime } = await this.#gateway.timezone(signal);
    const stated = parseBrokerTime(serverTime);
    if (stated === null) {
      throw new FxtapeError({
        code: 'SERVER_TIME_UNREADABLE',
        message: `the gateway's serverTime "${serverTime}" is not a broker time`,
        context: { account: this.#config.name },
      });
    }
    return rule.read(stated.ms, { fold: 2 }).ms * 1000;
  }

  #planned({ clock, input }: Settled, plan: AccountPlan): void {
    // There is no evidence for the rule yet, so events are not read with it. The plan finds their rows later.
    if (clock.state.awaitsEvidence) {
      this.#latest = null;
      return;
    }
    const claimedToUs = new Map<string, number>();
    for (const { key, claimed } of plan.needs) {
      const last = claimed.at(-1);
      if (last !== undefined) claimedToUs.set(streamId(key), last.toUs);
    }
    this.#latest = { rule: input.rule, claimedToUs };
  }

  #doneKeysName(): string {
    return `${this.#config.name}:${dayOf(this.#o.clock.nowUs())}`;
  }
}

/** The symbols whose streams are open. */
const listedBefore = ({ streams }: Stored): string[] => [
  ...new Set(streams.flatMap((row) => ((row.ts_to ?? null) === null ? (row.symbol ?? []) : []))),
];

const clockAwaited = (account: string): FxtapeError =>
  new FxtapeError({
    code: 'CLOCK_UNKNOWN',
    message: `nothing is known yet about the clock of "${account}", so history cannot be read`,
    context: { account },
  });
