// Which servers have a rule that rows can be held against. In: the configuration, who each account is, what was decided, what is covered.
// Out: per server the right rule, its accounts and feeds, and what history was read with before; as the server's SQL needs it, too.
import type { AccountConfig } from '@fxtape/config';
import { brokerSpans, isRepeated, parseClockRule, tellsAlike } from '@fxtape/market';
import { asObjects, type HistoryReader, type QuestDbHttp, sqlText, type WallClock } from '@fxtape/questdb';
import type { ServerClock } from './apply-state.ts';
import { rulesDisagree } from './errors.ts';

export interface DecidedClock extends ServerClock {
  readonly confidence: string;
}

type Http = Pick<QuestDbHttp, 'exec'>;

/** What tables can hold, on any wall clock. */
const ALL_MS = { from: 0, to: Date.UTC(2200, 0, 3) };
const HOUR_MS = 3_600_000;

/** Errors: CLOCK_RULES_DISAGREE and those of the reader. Servers of which nothing was decided are left out. */
export async function serverClocks(o: {
  readonly configured: readonly AccountConfig[];
  readonly reader: HistoryReader;
  readonly http: Http;
}): Promise<DecidedClock[]> {
  const rows = await o.reader.accounts({ waitMs: 10_000 });
  const clocks: DecidedClock[] = [];
  for (const server of new Set(rows.flatMap((row) => row.server ?? []))) {
    const accounts = rows
      .filter((row) => row.server === server)
      .map(({ account, feed }) => ({
        name: account,
        feed: feed ?? null,
        replayed: o.configured.find(({ name }) => name === account)?.clock.replayed ?? false,
      }));
    const decided = await ruleOf(
      o,
      server,
      accounts.map(({ name }) => name),
    );
    if (decided === null) continue;
    const oldRules = await rulesOfHistory(
      o.http,
      accounts.map(({ name }) => name),
    );
    const clock = { server, ...decided, oldRules, accounts, splits: [] };
    clocks.push({ ...clock, splits: await splitsOf(o.http, clock) });
  }
  return clocks;
}

async function ruleOf(
  { configured, reader }: { configured: readonly AccountConfig[]; reader: HistoryReader },
  server: string,
  accounts: readonly string[],
): Promise<{ rule: string; confidence: string } | null> {
  const byHand = configured.filter(({ clock, name }) => accounts.includes(name) && clock.rule !== 'auto');
  const rules = [...new Set(byHand.map(({ clock }) => parseClockRule(clock.rule).id))];
  if (rules.length > 1) throw rulesDisagree(server, rules);
  const [rule] = rules;
  if (rule !== undefined) return { rule, confidence: 'configured' };
  const decisions = await reader.clockRules(server, { waitMs: 10_000 });
  const newest = decisions.reduce<(typeof decisions)[number] | null>(
    (last, row) => (last === null || row.ts_decided >= last.ts_decided ? row : last),
    null,
  );
  if (typeof newest?.rule_id !== 'string') return null;
  // `recorded`: live ticks agree with it, and what it says of other seasons is as open as that of a provisional one.
  const { confidence } = newest;
  const sure = confidence === 'configured' || confidence === 'inferred';
  return { rule: parseClockRule(newest.rule_id).id, confidence: sure ? confidence : 'provisional' };
}

async function rulesOfHistory(http: Http, accounts: readonly string[]): Promise<string[]> {
  const rows = asObjects(
    await http.exec(
      `SELECT DISTINCT rule_id FROM coverage WHERE source = 'history' AND account IN (${accounts.map(sqlText).join(', ')})`,
    ),
  );
  return rows.flatMap(({ rule_id: rule }) => (typeof rule === 'string' && rule !== '' ? [rule] : []));
}

/**
 * A gateway that plays an old day is received today: there the pass shows by the one step back of its wall clock, in order of receipt.
 */
async function splitsOf(http: Http, clock: ServerClock): Promise<ServerClock['splits']> {
  const splits: ServerClock['splits'][number][] = [];
  for (const feed of new Set(
    clock.accounts.flatMap(({ feed: name, replayed }) => (replayed ? (name ?? []) : [])),
  )) {
    const [bounds = {}] = asObjects(
      await http.exec(
        `SELECT cast(min(ts) as long) a, cast(max(ts) as long) b FROM ticks WHERE feed = ${sqlText(feed)}`,
      ),
    );
    if (bounds['a'] === null || bounds['a'] === undefined) continue;
    const from = Number(bounds['a']) / 1000 - 30 * HOUR_MS;
    const to = Number(bounds['b']) / 1000 + 30 * HOUR_MS;
    for (const hour of brokerSpans(parseClockRule(clock.rule), from, to).filter(isRepeated)) {
      const half = ((hour.toMs - hour.fromMs) / 2) * 1000;
      const wall = 'cast(ts as long) + utc_offset_s * 1000000L';
      const near = `ts >= cast(${(hour.fromMs - 30 * HOUR_MS) * 1000} as timestamp) AND ts < cast(${(hour.toMs + 30 * HOUR_MS) * 1000} as timestamp)`;
      const steps = asObjects(
        await http.exec(
          `SELECT cast(ts_recv as long) us FROM (SELECT ts_recv, b, lag(b) OVER (ORDER BY ts_recv) p FROM
            (SELECT ts_recv, ${wall} b FROM ticks WHERE ${near} AND feed = ${sqlText(feed)} AND source != 'history' ORDER BY ts_recv)
            WHERE b >= ${hour.fromMs * 1000}L AND b < ${hour.toMs * 1000}L) WHERE p IS NOT NULL AND p - b >= ${half}L LIMIT 2`,
        ),
      );
      const splitUs = steps.length === 1 ? Number(steps[0]?.['us']) : null;
      splits.push({ feed, hourUs: hour.fromMs * 1000, splitUs });
    }
  }
  return splits;
}

/** The same for the server's SQL, an entry for each feed that is replayed and one for all others. */
export function wallClocks(servers: readonly ServerClock[]): WallClock[] {
  return servers.flatMap((server) => {
    const plain = server.accounts.filter(({ replayed }) => !replayed);
    const replayed = server.accounts.filter((account) => account.replayed);
    const names = (accounts: ServerClock['accounts']) => ({
      feeds: [...new Set(accounts.flatMap(({ feed }) => feed ?? []))],
      accounts: accounts.map(({ name }) => name),
    });
    return [
      { ...names(plain), spans: spansOf(server, null) },
      ...replayed.map((account) => ({
        ...names([account]),
        spans: spansOf(server, account.feed ?? account.name),
      })),
    ].filter(({ accounts }) => accounts.length > 0);
  });
}

function spansOf(server: ServerClock, replayedFeed: string | null): WallClock['spans'] {
  const rule = parseClockRule(server.rule);
  const old = server.oldRules.map(parseClockRule);
  return brokerSpans(rule, ALL_MS.from, ALL_MS.to).map((span) => {
    const bounds = { fromUs: span.fromMs * 1000, toUs: span.toMs * 1000 };
    if (!isRepeated(span)) return { ...bounds, offsetS: span.offsetS };
    const told = old.length > 0 && old.every((each) => tellsAlike(each, rule, span.fromMs));
    const hour = { ...bounds, firstS: span.firstS, secondS: span.secondS, told };
    if (replayedFeed === null) return hour;
    const split = server.splits.find(({ feed, hourUs }) => feed === replayedFeed && hourUs === bounds.fromUs);
    return { ...hour, splitUs: split?.splitUs ?? null };
  });
}
