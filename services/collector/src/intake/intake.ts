// The receiving half of the pipeline: marks what the stream yields and appends it to the tape; nothing counts before it is on the tape. In:
// batches of frames and session events. Out: lines of the tape. While the tape cannot be written the socket stays closed, and a write is
// tried every second. The first line that succeeds is a `disconnected`, so the loss becomes a gap like any other.
import { isDeepStrictEqual } from 'node:util';
import type { FrameItem, FxStream, StreamItem } from '@fxtape/fxsocket';
import { type Clock, FxtapeError, type Log, passing, pause } from '@fxtape/ops';
import {
  type BrokerMs,
  type ClockJump,
  type ClockRule,
  ClockWatch,
  HeartbeatJudge,
  knownTick,
  type BrokerTime,
  FoldTracker,
  type Fold,
  ruleAt,
  type ServerSight,
  spellMark,
  statedTime,
  type Unsteady,
  type WireMessage,
} from '@fxtape/market';
import type { Entry, Line, TapeWriter } from '@fxtape/tape';
import type { Configured, TapeMemory } from '../tape/tape-memory.ts';

const FULL_RETRY_MS = 1000;

/** Where frames come from. */
type Frames = AsyncIterable<readonly StreamItem[]> & Pick<FxStream, 'pauseIntake' | 'resumeIntake'>;

export interface IntakeOptions {
  readonly tape: TapeWriter;
  readonly memory: TapeMemory;
  readonly clock: Clock;
  readonly log: Log;
  readonly replayed: boolean;
}

export class Intake {
  readonly counters = {
    frames: 0,
    ticks: 0,
    rejected: 0,
    unknown: 0,
    warnings: 0,
    reconnects: 0,
    repeats: 0,
    snapshots: 0,
    lateHeartbeats: 0,
    /** Jumps of the machine's clock and of the server's. */
    machineJumps: 0,
    serverJumps: 0,
  };
  /** Why nothing can be appended now; null when it can. */
  obstacle: FxtapeError | null = null;
  readonly #o: IntakeOptions;
  readonly #connBase: number;
  readonly #judge: HeartbeatJudge;
  /** The last heartbeat and its time, UTC by the rule in force then. */
  #heartbeat: { readonly item: FrameItem; readonly server: BrokerTime; readonly ms: number } | null = null;
  readonly watch: ClockWatch;
  #rule: ClockRule | null = null;
  #jumps: ClockJump[] = [];
  #folds: FoldTracker | null = null;
  /** Items of this and earlier connections are dropped: the tape could not be written while they came. */
  #deadConn = -1;

  constructor(options: IntakeOptions) {
    this.#o = options;
    this.#connBase = options.memory.ledger.state.conn;
    this.#judge = new HeartbeatJudge(!options.replayed);
    this.watch = new ClockWatch({
      paced: !options.replayed,
      newestUs: options.memory.ledger.lastTsRecv,
    });
    this.clockChanged();
  }

  /** Must be called when the clock rule of the tape has changed. */
  clockChanged(): void {
    const rule = ruleAt(this.#o.memory.spans, Number.MAX_SAFE_INTEGER);
    const another = rule?.id !== this.#rule?.id;
    this.#rule = rule;
    if (another) this.#ruleChanged();
    if (!this.#o.replayed || rule === null) return;
    const clean = this.#o.memory.ledger.state.clean;
    const near = clean === null ? null : rule.read(clean.brokerMs, { fold: clean.pass ?? 1 }).ms;
    this.#folds = new FoldTracker(rule, near);
  }

  #ruleChanged(): void {
    this.watch.ruleChanged();
    const last = this.#heartbeat;
    if (last === null) return;
    const ms = this.#sight(last.item, last.server)?.utcMs ?? last.server.ms;
    this.#judge.moved(ms - last.ms);
    this.#heartbeat = { ...last, ms };
  }

  /** Puts an event of the recorder itself on the tape. @throws TAPE_FULL, TAPE_IO */
  note(event: string, data: unknown): Line {
    const { clock, memory, tape } = this.#o;
    const [line] = tape.append([{ conn: memory.ledger.state.conn, recvUs: clock.nowUs(), event, data }]);
    memory.apply(line as Line, null);
    return line as Line;
  }

  /**
   * Writes what is recorded from now on. A change of it starts a new segment, so that the head repeats it in case this line is damaged.
   * @throws TAPE_FULL, TAPE_IO
   */
  configure(data: Configured): void {
    const { memory, tape } = this.#o;
    const recorded = () => {
      const { feed, replayed, streams } = memory.ledger.state;
      return [feed, replayed, [...streams.keys()]];
    };
    const before = recorded();
    this.note('configured', data);
    if (!isDeepStrictEqual(recorded(), before)) tape.rotate();
  }

  /** Runs until the stream ends. */
  async run(stream: Frames, signal: AbortSignal): Promise<void> {
    for await (const batch of stream) {
      passing('collector: frames taken');
      const entries: Entry[] = [];
      try {
        for (const item of batch) {
          if (item.conn <= this.#deadConn) continue;
          // A snapshot is compared with the last tick on the tape, so everything before the request must be there.
          if (priceRequest(item) !== null) this.#append(entries.splice(0));
          this.#take(item, entries);
        }
        this.#append(entries);
      } catch (error) {
        if (!(error instanceof FxtapeError)) throw error;
        await this.#standStill(stream, error, (batch.at(-1) as StreamItem).conn, signal);
      }
    }
  }

  #append(entries: readonly Entry[]): void {
    const { memory, tape } = this.#o;
    if (entries.length === 0) return;
    for (const line of tape.append(entries as Entry[])) {
      memory.apply(line, line.frame === null ? null : (line.message as WireMessage));
    }
  }

  /** Keeps the socket closed until the tape can be written again. */
  async #standStill(stream: Frames, error: FxtapeError, conn: number, signal: AbortSignal): Promise<void> {
    const { clock, log } = this.#o;
    this.obstacle = error;
    this.#deadConn = conn;
    log.error(
      { code: error.code, err: error },
      'the tape cannot be written; the socket stays closed until it can',
    );
    stream.pauseIntake(error.code);
    while (!signal.aborted) {
      await pause(clock, FULL_RETRY_MS, signal);
      try {
        this.note('disconnected', { code: null, reason: error.code });
        break;
      } catch (again) {
        if (!(again instanceof FxtapeError)) throw again;
        this.obstacle = again;
      }
    }
    this.obstacle = null;
    log.info('the tape goes on');
    stream.resumeIntake();
  }

  /** The lines of one item. Clock jumps that it shows stand before it. */
  #take(item: StreamItem, entries: Entry[]): void {
    const machine = this.watch.machine(item);
    if (machine !== null) this.#jumps.push(machine);
    const entry = this.#entry(item);
    if (this.#jumps.length > 0) {
      const { conn, recvUs } = entry;
      for (const jump of this.#jumps) entries.push({ conn, recvUs, event: 'clock_jump', data: jump });
      for (const jump of this.#jumps) this.#jumped(jump);
      this.#jumps = [];
    }
    entries.push(entry);
  }

  #jumped({ byMs, of }: ClockJump): void {
    if (of === 'machine') this.counters.machineJumps++;
    else this.counters.serverJumps++;
    this.#o.log.warn({ of, byMs }, 'a clock jumped; affected ticks say so in their quality');
  }

  #entry(item: StreamItem): Entry {
    const conn = this.#connBase + item.conn;
    const { recvUs } = item;
    if (item.kind === 'frame') {
      const { binary, json, message, text: frame } = item;
      return { conn, recvUs, mark: this.#mark(item), frame, json, binary, message };
    }
    const { type: event, ...data } = item.event;
    const { last, marker } = this.#o.memory;
    if (item.event.type === 'connected') {
      this.counters.reconnects++;
      marker.connected();
    }
    const asked = priceRequest(item);
    if (asked !== null) marker.arm(asked, last.of(asked), this.#o.replayed ? null : item.monoMs);
    if (item.event.type === 'subscribed' && item.event.sub.topic === 'prices') {
      marker.acknowledged(item.event.sub.symbol ?? '', item.monoMs);
    }
    return { conn, recvUs, event, data };
  }

  #mark(item: FrameItem): string | null {
    const { counters } = this;
    const message = item.message;
    counters.frames++;
    switch (message.type) {
      case 'tick': {
        counters.ticks++;
        const content = knownTick(message.data, statedTime(message));
        if (content === null) return null;
        const mark = this.#o.memory.marker.mark(message.symbol, content, item.monoMs);
        if (mark === 'repeat') counters.repeats++;
        else if (mark === 'snapshot') counters.snapshots++;
        const fold = mark === 'live' ? this.#fold(content.ms) : this.#statedFold(content.ms);
        return spellMark(mark, fold, this.#unsteady(item, mark === 'live' ? statedTime(message) : null));
      }
      case 'terminal':
        return this.#markHeartbeat(statedTime(message), item);
      case 'warning':
        counters.warnings++;
        return null;
      case 'unknown':
        counters.unknown++;
        return null;
      case 'undecodable':
        counters.rejected++;
        return null;
      default:
        return this.#markStated(message);
    }
  }

  #markHeartbeat(server: BrokerTime | null, item: FrameItem): string | null {
    if (server === null) return null;
    const stated = this.#sight(item, server);
    const { resolutionMs } = server;
    const ms = stated?.utcMs ?? server.ms;
    this.#heartbeat = { item, server, ms };
    const { congested, monoMs } = item;
    const mark = this.#judge.judge({ server: { ms, resolutionMs }, monoMs, congested });
    if (mark === 'late') this.counters.lateHeartbeats++;
    const sight = item.congested ? null : stated;
    const jump = sight === null ? null : this.watch.heartbeat(sight);
    if (jump !== null) this.#jumps.push(jump);
    return spellMark(mark, this.#fold(server.ms), this.watch.unsteady(item), item.recvUs);
  }

  /** `stated`: the time of a live tick, which is compared with our clock as well. */
  #unsteady(item: FrameItem, stated: BrokerTime | null): Unsteady | null {
    const unsteady = this.watch.unsteady(item);
    const sight = stated === null || item.congested ? null : this.#sight(item, stated);
    if (sight === null || !this.watch.tick(sight)) return unsteady;
    return { machine: false, held: false, ...unsteady, server: true };
  }

  /** Null: there is no clock rule yet. */
  #sight({ monoMs, recvUs }: FrameItem, { ms, resolutionMs }: BrokerTime): ServerSight | null {
    const rule = this.#rule;
    if (rule === null || this.#o.replayed) return null;
    const offsetS = rule.offsetIfPlain(ms) ?? rule.read(ms, { recvMs: recvUs / 1000 }).offsetS;
    return { recvUs, monoMs, resolutionMs, utcMs: ms - offsetS * 1000 };
  }

  #markStated(message: WireMessage): string | null {
    const stated = this.#folds === null ? null : statedTime(message);
    const fold = stated === null ? null : this.#statedFold(stated.ms);
    return fold === null ? null : spellMark('stated', fold);
  }

  #fold(broker: BrokerMs): Fold | null {
    return this.#folds === null ? null : this.#folds.follow(broker);
  }

  #statedFold(broker: BrokerMs): Fold | null {
    return this.#folds === null ? null : this.#folds.peek(broker);
  }
}

/** The symbol whose ticks are being requested; null for any other item. */
const priceRequest = (item: StreamItem): string | null =>
  item.kind === 'session' && item.event.type === 'subscribing' && item.event.sub.topic === 'prices'
    ? (item.event.sub.symbol ?? null)
    : null;
