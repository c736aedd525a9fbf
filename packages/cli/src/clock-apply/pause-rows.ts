// The rows of `clock_applies`, by which everybody knows of a pause, and the views that stand on replaced tables. In: a step. Out: the row, and
// when it can be seen.
import type { Clock } from '@fxtape/ops';
import {
  asObjects,
  EARLIEST_TS_US,
  presentTables,
  type QuestDbHttp,
  readMigrations,
  requireSettled,
  sqlText,
  sqlTimestamp,
} from '@fxtape/questdb';

type Http = Pick<QuestDbHttp, 'exec'>;

export interface NewestStep {
  readonly applyId: string;
  readonly step: string;
  readonly us: number;
}

/** Null when there never was one. */
export async function newestStep(http: Http): Promise<NewestStep | null> {
  if (!(await presentTables(http, ['clock_applies'])).has('clock_applies')) return null;
  const [row] = asObjects(
    await http.exec('SELECT apply_id, step, cast(ts as long) us FROM clock_applies ORDER BY ts DESC LIMIT 1'),
  );
  if (row === undefined) return null;
  return { applyId: String(row['apply_id']), step: String(row['step']), us: Number(row['us']) };
}

/** Writes a row for each server, all of one time that is later than every other, and waits until it can be read. */
export async function writeStep(
  http: Http,
  clock: Clock,
  o: {
    readonly applyId: string;
    readonly step: 'paused' | 'applied' | 'abandoned';
    readonly servers: readonly { readonly server: string; readonly ruleId: string }[];
    readonly evidence: string;
  },
): Promise<void> {
  await requireSettled(http, clock, ['clock_applies'], { waitMs: 10_000 });
  const newest = await newestStep(http);
  const us = Math.max(clock.nowUs(), (newest?.us ?? EARLIEST_TS_US) + 1);
  const rows = o.servers.map(
    ({ ruleId, server }) =>
      `(${[sqlTimestamp(us), ...[o.applyId, server, o.step, ruleId, o.evidence].map(sqlText)].join(', ')})`,
  );
  await http.exec(
    `INSERT INTO clock_applies (ts, apply_id, server, step, rule_id, evidence) VALUES ${rows.join(', ')}`,
  );
  await requireSettled(http, clock, ['clock_applies'], { waitMs: 10_000 });
}

/** QuestDB finds a view's table again by its name; one that it does not is made anew, as the migrations have it. */
export async function restoreViews(http: Http): Promise<void> {
  const rows = asObjects(await http.exec('SELECT view_name, view_status FROM views()'));
  const valid = new Set(
    rows.flatMap((row) => (row['view_status'] === 'valid' ? [String(row['view_name'])] : [])),
  );
  for (const { statements } of await readMigrations())
    for (const statement of statements) {
      const name = /^CREATE VIEW IF NOT EXISTS (\w+)/.exec(statement)?.[1];
      if (name === undefined || valid.has(name)) continue;
      await http.exec(`DROP VIEW IF EXISTS ${name}`);
      await http.exec(statement);
    }
}
