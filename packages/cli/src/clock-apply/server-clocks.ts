// The right clock rule of each server. In: the configuration, every account's identity now and before, decisions, coverage. Out: for each
// server its rule, its accounts with every feed they ever filled, and the rules with which history was read; whose rows are left as they
// are, and why; and the clocks in the form that the SQL needs.
import type { AccountConfig } from '@fxtape/config';
import { brokerSpans, isRepeated, parseClockRule, tellsAlike } from '@fxtape/market';
import { asObjects, type HistoryReader, type QuestDbHttp, sqlText, type WallClock } from '@fxtape/questdb';
import type { ServerClock } from './apply-state.ts';
import { rulesDisagree } from './errors.ts';
import { type LeftAlone, namesInTables, type Recorder, recorders } from './recorders.ts';

export interface DecidedClock extends ServerClock {
  readonly confidence: string;
}

type Http = Pick<QuestDbHttp, 'exec'>;

/** What tables can hold, on any wall clock. */
const ALL_MS = { from: 0, to: Date.UTC(2200, 0, 3) };
const HOUR_MS = 3_600_000;

/** What the configuration says about an account's clock. */
export type ConfiguredClock = Pick<AccountConfig, 'name' | 'clock'>;

/** Errors: CLOCK_RULES_DISAGREE and those of the reader. */
export async function serverClocks(o: {
  readonly configured: readonly ConfiguredClock[];
  readonly reader: HistoryReader;
  readonly http: Http;
}): Promise<{ readonly servers: readonly DecidedClock[]; readonly leftAlone: readonly LeftAlone[] }> {
  const { configured, http } = o;
  const all = await recorders(http);
  const oldRules = await rulesOfHistory(http);
  const replayed = new Set(configured.flatMap(({ clock, name }) => (clock.replayed ? [name] : [])));
  const servers: DecidedClock[] = [];
  for (const server of new Set(all.flatMap((each) => each.server ?? []))) {
    const own = all.filter((each) => each.server === server);
    const decided = await ruleOf(o, server, [...new Set(own.map(({ account }) => account))]);
    if (decided === null) continue;
    const accounts = own.map(({ account, feed }) => ({
      name: account,
      feed,
      replayed: replayed.has(account),
    }));
    const clock = {
      server,
      ...decided,
      oldRules: [...new Set(own.flatMap(({ account }) => oldRules.get(account) ?? []))],
      accounts,
      splits: [],
    };
    servers.push({ ...clock, splits: await splitsOf(http, clock) });
  }
  return { servers, leftAlone: await leftAlone(http, all, servers) };
}

/** Everybody who has rows and no clock, with the reason. */
async function leftAlone(
  http: Http,
  all: readonly Recorder[],
  servers: readonly ServerClock[],
): Promise<LeftAlone[]> {
  const known = servers.flatMap(({ accounts }) => accounts);
  const has = {
    account: new Set(known.map(({ name }) => name)),
    feed: new Set(known.flatMap(({ feed }) => feed ?? [])),
  };
  return (await namesInTables(http)).flatMap(({ kind, name }) => {
    if (has[kind].has(name)) return [];
    const of = all.find((each) => each[kind] === name);
    const why =
      of === undefined
        ? 'no account is known to have filled it'
        : of.server === null
          ? `several servers filled it: ${of.servers.join(', ')}`
          : `no clock rule was decided for ${of.server}`;
    return [{ kind, name, why }];
  });
}

async function ruleOf(
  { configured, reader }: { configured: readonly ConfiguredClock[]; reader: HistoryReader },
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

/** Of each account: the rules that its history was read with. */
async function rulesOfHistory(http: Http): Promise<Map<string, string[]>> {
  const rules = new Map<string, string[]>();
  const rows = await http.exec(
    "SELECT DISTINCT account, rule_id FROM coverage WHERE source = 'history' AND rule_id != ''",
  );
  for (const [account, rule] of rows.dataset)
    rules.set(String(account), [...(rules.get(String(account)) ?? []), String(rule)]);
  return rules;
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

/** A correction that was begun is still about the same rules and the same rows. */
export const sameClocks = (
  { servers: begun }: { readonly servers: readonly ServerClock[] },
  servers: readonly ServerClock[],
): boolean =>
  begun.every(({ accounts, rule, server }) => {
    const now = servers.find((each) => each.server === server);
    return now?.rule === rule && JSON.stringify(now.accounts) === JSON.stringify(accounts);
  });

/** The same for the server's SQL: those that show the same clock are one. */
export function wallClocks(servers: readonly ServerClock[]): WallClock[] {
  const clocks = new Map<string, { feeds: Set<string>; accounts: Set<string>; spans: WallClock['spans'] }>();
  const placed = new Set<string>();
  for (const server of servers)
    for (const { feed, name, replayed } of server.accounts) {
      const spans = spansOf(server, replayed ? (feed ?? name) : null);
      const key = JSON.stringify(spans);
      const clock = clocks.get(key) ?? { feeds: new Set(), accounts: new Set(), spans };
      clocks.set(key, clock);
      if (feed !== null) clock.feeds.add(feed);
      // A replayed account shows the clock of the feed that it records now.
      if (!placed.has(name)) clock.accounts.add(name);
      placed.add(name);
    }
  return [...clocks.values()].map(({ accounts, feeds, spans }) => ({
    feeds: [...feeds].toSorted(),
    accounts: [...accounts].toSorted(),
    spans,
  }));
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
