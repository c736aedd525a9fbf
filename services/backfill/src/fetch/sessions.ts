// Maintains `trading_sessions`: the hours that a broker states for a symbol, corrected by the minute bars in `bars`. In: a symbol, and up to when to
// use bars. Out: rows that differ from the last decisions, appended. A day counts as observed only if history covers all of its minutes, because a
// bar may be missing only where it was asked for. Everything is read from the tables; the gateway is not asked.
import {
  type BrokerMs,
  brokerMs,
  dateOf,
  DAY_MS,
  inferSessions,
  midnightOf,
  MINUTE_MS,
  type ObservedDay,
  type Range,
  readStatedText,
  SessionCalendar,
  spellWeek,
  spellWindows,
  subtract,
  type TableRow,
  utcMs,
} from '@fxtape/market';
import type { SyncContext } from '../context/sync-context.ts';

type SessionRow = TableRow<'trading_sessions'>;
interface Of {
  readonly feed: string;
  readonly symbol: string;
}

/** How many days are used: enough of each weekday, but few enough that changed hours are soon forgotten. */
const LOOK_BACK_DAYS = 56;

/** What is known about a symbol's hours. */
export const sessionCalendar = async (c: SyncContext, of: Of): Promise<SessionCalendar> =>
  new SessionCalendar(await c.parts.reader.sessions(of, { signal: c.signal }), c.account.rule);

/**
 * Decides again about the days before `untilUs` and, with `week`, about the week. Returns the number of rows written.
 * @throws the errors of the database.
 */
export async function decideSessions(
  c: SyncContext,
  of: Of,
  o: { readonly untilUs: number; readonly week: boolean },
): Promise<number> {
  const { numbers, reader, writer } = c.parts;
  const options = { signal: c.signal };
  return c.alone(`sessions|${of.feed}|${of.symbol}`, async () => {
    const spec = (await reader.latestSpecs(of.feed, options)).get(of.symbol);
    const days = await observedDays(c, of, o.untilUs);
    const found = inferSessions({ stated: readStatedText(spec?.sessions), days });
    const known = await reader.sessions(of, options);
    const rows = [
      ...(o.week ? weekRows(c, of, { found, known, days, untilUs: o.untilUs }) : []),
      ...dayRows(c, of, { found, known }),
    ];
    if (rows.length === 0) return 0;
    await writer.write({ trading_sessions: rows }, options);
    numbers.stored('trading_sessions', rows.length);
    return rows.length;
  });
}

/** The broker days before `untilUs` whose every minute history covers, with the minutes that have a bar. */
async function observedDays(c: SyncContext, of: Of, untilUs: number): Promise<ObservedDay[]> {
  const { account, rule } = c.account;
  const end = midnightOf(rule.toBroker(utcMs(Math.floor(untilUs / 1000))));
  const first = brokerMs(end - LOOK_BACK_DAYS * DAY_MS);
  const range = { fromUs: startUs(c, first), toUs: startUs(c, end) };
  const key = { ...of, timeframe: 'M1' };
  const options = { signal: c.signal };
  const claims = await c.parts.reader.coverageOf(
    { account, stream: 'bars', ...key },
    'history',
    range,
    options,
  );
  if (claims.length === 0) return [];
  const byDay = new Map<number, Set<number>>();
  for (const opensUs of await c.parts.reader.barOpens(key, range, options)) {
    const open = rule.toBroker(utcMs(opensUs / 1000));
    const midnight = midnightOf(open);
    const minutes = byDay.get(midnight);
    const minute = Math.floor((open - midnight) / MINUTE_MS);
    if (minutes === undefined) byDay.set(midnight, new Set([minute]));
    else minutes.add(minute);
  }
  const days: ObservedDay[] = [];
  for (let midnight = first; midnight < end; midnight = brokerMs(midnight + DAY_MS)) {
    const day: Range = { fromUs: startUs(c, midnight), toUs: startUs(c, brokerMs(midnight + DAY_MS)) };
    if (subtract([day], claims).length > 0) continue;
    const minutes = [...(byDay.get(midnight) ?? [])].toSorted((a, b) => a - b);
    days.push({ midnightMs: midnight, minutes });
  }
  return days;
}

const startUs = (c: SyncContext, midnight: BrokerMs): number =>
  c.account.rule.read(midnight, { fold: 1 }).ms * 1000;

function weekRows(
  c: SyncContext,
  of: Of,
  {
    days,
    found,
    known,
    untilUs,
  }: {
    readonly found: ReturnType<typeof inferSessions>;
    readonly known: readonly SessionRow[];
    readonly days: readonly ObservedDay[];
    readonly untilUs: number;
  },
): SessionRow[] {
  if (found.week.size === 0) return [];
  const windows = spellWeek(found.week);
  const [newest] = known
    .filter(({ kind }) => kind === 'week')
    .toSorted((a, b) => b.ts_decided - a.ts_decided);
  if (newest?.windows === windows && newest.condition === found.condition) return [];
  const today = midnightOf(c.account.rule.toBroker(utcMs(Math.floor(untilUs / 1000))));
  const from = brokerMs(days[0]?.midnightMs ?? today);
  const said = { broker_date: null, windows, condition: found.condition };
  return [row(c, of, { kind: 'week', ts: startUs(c, from), ...said, evidence: found.evidence })];
}

/** Dates that differ from what is known; an ordinary day is recorded only if something else was recorded for it. */
function dayRows(
  c: SyncContext,
  of: Of,
  {
    found,
    known,
  }: { readonly found: ReturnType<typeof inferSessions>; readonly known: readonly SessionRow[] },
): SessionRow[] {
  const last = new Map<string, SessionRow>();
  for (const each of known.toSorted((a, b) => a.ts_decided - b.ts_decided))
    if (each.kind === 'day') last.set(each.broker_date ?? '', each);
  return found.days.flatMap(({ bars, condition, midnightMs, windows }) => {
    const midnight = brokerMs(midnightMs);
    const broker_date = dateOf(midnight);
    const before = last.get(broker_date);
    const said = { broker_date, windows: JSON.stringify(spellWindows(windows)), condition };
    if (before === undefined && condition === 'ordinary') return [];
    if (before?.condition === condition && (condition === 'ordinary' || before.windows === said.windows))
      return [];
    return [row(c, of, { kind: 'day', ts: startUs(c, midnight), ...said, evidence: { bars } })];
  });
}

const row = (
  c: SyncContext,
  of: Of,
  o: Pick<SessionRow, 'ts' | 'kind' | 'broker_date' | 'windows' | 'condition'> & {
    readonly evidence: object;
  },
): SessionRow => ({
  ...o,
  feed: of.feed,
  symbol: of.symbol,
  ts_decided: c.parts.stamps.next('trading_sessions'),
  rule_id: c.account.ruleId,
  evidence: JSON.stringify(o.evidence),
});
