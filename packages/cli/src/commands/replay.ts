// `fxtape replay`: serves a recorded period of an account as a gateway on loopback. In: account, period, speed. Out: the gateway's address
// and key, then a summary when everything was sent; Ctrl-C ends it before.
import { FxtapeError, systemClock } from '@fxtape/ops';
import { type RecordedItem, type ReplaySummary, startReplay } from '@fxtape/simulator/replay';
import { readRunningEnv } from '../env.ts';
import { isoMs } from '../print/instant.ts';
import { err, out } from '../print/out.ts';
import { questDbView } from '../questdb.ts';
import { openRecording } from '../replay/recording.ts';

export interface ReplayOptions {
  /** µs UTC, by the time of receipt. */
  readonly from: number;
  readonly to?: number;
  readonly speed: number | 'max';
  /** How long after a client's last subscription the frames begin, ms; `now`: at once, without a client. */
  readonly start: number | 'now';
  readonly port: number;
  readonly key: string;
  readonly json?: boolean;
}

/** Errors: ACCOUNT_UNKNOWN, REPLAY_EMPTY, HTTP_LISTEN_FAILED, TAPE_*, QDB_*. */
export async function replay(account: string, options: ReplayOptions): Promise<void> {
  const { json, key, port, speed, start } = options;
  const env = readRunningEnv();
  const view = questDbView(env);
  const period = { fromUs: options.from, toUs: options.to ?? Date.now() * 1000 };
  const [from, to] = [isoMs(period.fromUs), isoMs(period.toUs)];
  const tell = (event: string, facts: Record<string, unknown>, line: string): void => {
    if (json === true) out(`${JSON.stringify({ event, ...facts })}\n`);
    else (event === 'damage' || event === 'note' ? err : out)(`${line}\n`);
  };
  try {
    const recording = await openRecording(env, view, account, period);
    const { facts, fromTables, withoutDatabase } = recording;
    const clock = systemClock();
    const failed = Promise.withResolvers<never>();
    const running = await startReplay({
      facts,
      items: await notEmpty(recording.items(), account, `${from} to ${to}`),
      fromUs: period.fromUs,
      speed,
      settleMs: start === 'now' ? null : start,
      addr: `127.0.0.1:${port}`,
      key,
      monoMs: () => clock.monoMs(),
      onDamage: (damage) => tell('damage', { damage }, `cannot be read, not sent: ${damage}`),
      onError: failed.reject,
    });
    const stop = (): void => void running.stop();
    for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, stop);
    if (fromTables !== null) {
      const range = { from: isoMs(fromTables.fromUs), to: isoMs(fromTables.toUs) };
      const line = `The tape does not reach back to ${from}: from ${range.from} to ${range.to} only ticks and bars come, made anew from the tables`;
      tell('note', { note: 'from_tables', ...range }, line);
    }
    if (withoutDatabase !== null) {
      const line = `QuestDB cannot be asked (${withoutDatabase}): symbol specifications, account details and history are answered with errors`;
      tell('note', { note: 'without_database', reason: withoutDatabase }, line);
    }
    const { id, platform } = facts.account;
    const url = `http://${running.addr}`;
    const socket = `ws://${running.addr}/${platform}/${id}/ws?api_key=${key}`;
    tell(
      'started',
      { account, id, from, to, speed, url, socket, key },
      startedLines({ from, to, account, id, url, key, socket, start }),
    );
    const summary = await Promise.race([running.ended, failed.promise]);
    tell('ended', { ...summary }, summaryLine(summary));
  } finally {
    view.http.close();
  }
}

/** The same items, after looking for the first frame. Throws REPLAY_EMPTY. */
async function notEmpty(
  items: AsyncGenerator<readonly RecordedItem[]>,
  account: string,
  period: string,
): Promise<AsyncIterable<readonly RecordedItem[]>> {
  const read: (readonly RecordedItem[])[] = [];
  for (;;) {
    const next = await items.next();
    if (next.done === true)
      throw new FxtapeError({
        code: 'REPLAY_EMPTY',
        message: `nothing was recorded of "${account}" from ${period}`,
        context: { account },
      });
    read.push(next.value);
    if (next.value.some((item) => 'frame' in item)) break;
  }
  return (async function* () {
    yield* read;
    yield* items;
  })();
}

function startedLines(of: {
  from: string;
  to: string;
  account: string;
  id: string;
  url: string;
  key: string;
  socket: string;
  start: number | 'now';
}): string {
  const { account, from, id, key, socket, start, to, url } = of;
  return [
    `Replaying "${account}", ${from} to ${to}, at ${url}/v1`,
    start === 'now' ? 'It has begun.' : 'It begins when a client has subscribed. Point one to it:',
    `  FXSOCKET_BASE_URL=${url}`,
    `  FXSOCKET_API_KEY=${key}`,
    `  account id: ${id}`,
    `  socket: ${socket}`,
  ].join('\n');
}

function summaryLine({
  complete,
  connections,
  damaged,
  frames,
  framesPerSecond,
  latenessMs,
  seconds,
  ticks,
  unsent,
}: ReplaySummary): string {
  const whole = (value: number): string => Math.round(value).toLocaleString('en-US');
  const late =
    latenessMs === null || latenessMs.p50 === null || latenessMs.p99 === null
      ? []
      : [`late by ${latenessMs.p50.toFixed(1)} ms (half of them), ${latenessMs.p99.toFixed(1)} ms (99 %)`];
  return [
    `${complete ? 'Everything was sent' : 'Stopped'}: ${whole(frames)} frames, ${whole(ticks)} ticks in ${seconds.toFixed(1)} s`,
    ...(framesPerSecond === null ? [] : [`${whole(framesPerSecond)} frames/s`]),
    ...late,
    `${connections} connections`,
    ...(unsent > 0 ? [`${whole(unsent)} frames nobody had subscribed to`] : []),
    ...(damaged > 0 ? [`${damaged} stretches could not be read`] : []),
  ].join(', ');
}
