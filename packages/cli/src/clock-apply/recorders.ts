// Which accounts and feeds belong to which server, past ones included. In: a database. Out: each account with each of its feeds, the newest
// first. An ambiguous name, one that several servers filled, has no server.
import { asObjects, CORRECTIONS, namesIn, type QuestDbHttp, SQL_CORRECTED } from '@fxtape/questdb';

type Http = Pick<QuestDbHttp, 'exec'>;

/** An account and a feed of it. */
export interface Recorder {
  readonly account: string;
  readonly feed: string | null;
  /** Null where several servers filled the account or the feed. */
  readonly server: string | null;
  readonly servers: readonly string[];
}

/** Rows that are left as they are, and why. */
export interface LeftAlone {
  readonly kind: 'feed' | 'account';
  readonly name: string;
  readonly why: string;
}

/** Errors: as `exec`. */
export async function recorders(http: Http): Promise<Recorder[]> {
  const text = (cell: unknown): string | null => (typeof cell === 'string' && cell !== '' ? cell : null);
  const known = asObjects(
    await http.exec(
      'SELECT account, server, feed, max(ts) at FROM accounts GROUP BY account, server, feed ORDER BY at DESC, account, server, feed',
    ),
  );
  const covered = asObjects(
    await http.exec('SELECT DISTINCT account, feed FROM coverage ORDER BY account, feed'),
  );
  const serversOf = new Map<string, Set<string>>();
  const feedsOf = new Map<string, Set<string>>();
  for (const row of known) {
    const [account, server] = [String(row['account']), text(row['server'])];
    const set = serversOf.get(account) ?? new Set();
    serversOf.set(account, set);
    if (server !== null) set.add(server);
  }
  for (const row of [...known, ...covered]) {
    const [account, feed] = [String(row['account']), text(row['feed'])];
    if (!serversOf.has(account)) continue;
    const set = feedsOf.get(account) ?? new Set();
    feedsOf.set(account, set);
    if (feed !== null) set.add(feed);
  }
  const ofFeed = new Map<string, Set<string>>();
  for (const [account, feeds] of feedsOf)
    for (const feed of feeds)
      ofFeed.set(feed, new Set([...(ofFeed.get(feed) ?? []), ...(serversOf.get(account) ?? [])]));
  const recorder = (account: string, feed: string | null, servers: ReadonlySet<string>): Recorder => {
    const [server = null, second] = servers;
    return { account, feed, server: second === undefined ? server : null, servers: [...servers].toSorted() };
  };
  return [...serversOf].flatMap(([account, servers]) => {
    const own = recorder(account, null, servers);
    const feeds = [...(feedsOf.get(account) ?? [])].map((feed) =>
      recorder(account, feed, ofFeed.get(feed) ?? servers),
    );
    // The account has rows of its own as well, besides its feeds.
    return feeds.some(({ server }) => server === own.server) ? feeds : [own, ...feeds];
  });
}

/** The feeds and accounts in the tables. Errors: as `exec`. */
export async function namesInTables(http: Http): Promise<{ kind: 'feed' | 'account'; name: string }[]> {
  const found = new Map<string, { kind: 'feed' | 'account'; name: string }>();
  for (const table of SQL_CORRECTED) {
    const kind = CORRECTIONS[table].by;
    for (const name of await namesIn(http, table, kind)) found.set(`${kind} ${name}`, { kind, name });
  }
  return [...found.values()];
}
