// Brings the tables and views of a database up to date before anything is written. In: a connection. Out: which migrations ran. QuestDB has
// neither locks nor transactions across statements. So every statement may run twice (IF NOT EXISTS), a migration is recorded only after
// all of its statements, and several processes may migrate at the same time.
import { type Clock, pauseOrThrow, FxtapeError, type Log, passing, systemClock } from '@fxtape/ops';
import { AppliedWatch } from '../wire/applied-watch.ts';
import { newestSteps, pausedStep, applyUnderWay } from './apply-steps.ts';
import { asObjects } from '../wire/exec-answer.ts';
import { type Migration, MIGRATIONS_DIR, readMigrations } from './migration-files.ts';
import type { QuestDbHttp } from '../wire/quest-db-http.ts';
import { schemaDifferences } from './schema-check.ts';
import { requireSettled } from '../wire/settled-tables.ts';
import { sqlText } from '../wire/sql-text.ts';
import { tables } from '@fxtape/market/tables';

export interface MigrateOptions {
  readonly client: Pick<QuestDbHttp, 'exec'>;
  readonly log: Log;
  readonly clock?: Clock;
  readonly signal?: AbortSignal;
  /** Folder of the numbered files; default `infra/questdb`. */
  readonly dir?: string;
}

const RECORD = 'schema_migrations';
/** How long a statement that collides with another process is repeated. */
const COLLISION_MS = 10_000;
const SETTLE_MS = 30_000;

/**
 * Tells this database from every other, an emptied one included: when its first migration was recorded, in UTC microseconds as text. Null
 * before that. Errors: those of `exec`.
 */
export async function databaseIdentity(
  client: Pick<QuestDbHttp, 'exec'>,
  signal?: AbortSignal,
): Promise<string | null> {
  const there = await client.exec(`SELECT count() FROM tables() WHERE table_name = ${sqlText(RECORD)}`, {
    signal,
  });
  if (Number(there.dataset[0]?.[0] ?? 0) === 0) return null;
  const first = await client.exec(`SELECT cast(min(ts) as long) us FROM ${RECORD} WHERE version = 1`, {
    signal,
  });
  const us = first.dataset[0]?.[0] ?? null;
  return us === null ? null : String(us);
}

/**
 * Errors: SCHEMA_NEWER (a newer release has migrated it), MIGRATION_CHANGED (a file differs from the one that ran), MIGRATION_FILES,
 * MIGRATION_FAILED, SCHEMA_MISMATCH (a table is not as defined), all terminal; CLOCK_APPLY_UNDER_WAY, QDB_SUSPENDED, QDB_NOT_APPLIED and those of `exec`, transient.
 */
export async function migrate(options: MigrateOptions): Promise<{ applied: string[] }> {
  const { client, log, signal } = options;
  const clock = options.clock ?? systemClock();
  const migrations = await readMigrations(options.dir ?? MIGRATIONS_DIR);
  const [first] = migrations;
  if (first !== undefined) await run(client, clock, first, signal); // the record itself
  await requireSettled(client, clock, [RECORD], { waitMs: SETTLE_MS, signal });
  const seen = await recorded(client, signal);
  refuseChanged(migrations, seen);
  refuseNewer(migrations.length, Math.max(0, ...seen.keys()));
  const applied: string[] = [];
  for (const migration of migrations) {
    if (seen.has(migration.version)) continue;
    await run(client, clock, migration, signal);
    await record(client, migration, signal);
    const label = `${String(migration.version).padStart(4, '0')}_${migration.name}`;
    log.debug({ migration: label }, 'migrated');
    applied.push(label);
  }
  if (applied.length > 0) {
    const watch = new AppliedWatch({ http: client, clock });
    await watch.waitApplied(await watch.tokens([RECORD], { signal }), { ...(signal && { signal }) });
  }
  await requireSchema(client, signal);
  return { applied };
}

async function recorded(
  client: Pick<QuestDbHttp, 'exec'>,
  signal?: AbortSignal,
): Promise<Map<number, { name: string; checksum: string }[]>> {
  const rows = asObjects(await client.exec(`SELECT version, name, checksum FROM ${RECORD}`, { signal }));
  const seen = new Map<number, { name: string; checksum: string }[]>();
  for (const row of rows) {
    const version = Number(row['version']);
    const entry = { name: String(row['name']), checksum: String(row['checksum']) };
    seen.set(version, [...(seen.get(version) ?? []), entry]);
  }
  return seen;
}

function refuseNewer(known: number, newest: number): void {
  if (newest <= known) return;
  throw new FxtapeError({
    code: 'SCHEMA_NEWER',
    message: `this database was migrated by a newer release (migration ${newest}, this release knows ${known})`,
    context: { newest, known },
  });
}

function refuseChanged(
  migrations: readonly Migration[],
  seen: ReadonlyMap<number, readonly { name: string; checksum: string }[]>,
): void {
  for (const migration of migrations) {
    const other = seen.get(migration.version)?.find((entry) => entry.checksum !== migration.checksum);
    if (other === undefined) continue;
    throw new FxtapeError({
      code: 'MIGRATION_CHANGED',
      message: `migration ${migration.version} (${migration.name}) differs from the one that ran on this database (${other.name})`,
      context: { version: migration.version, seen: other.checksum, file: migration.checksum },
    });
  }
}

/** Runs the statements. One that collides with the same statement of another process is repeated for a while. */
async function run(
  client: Pick<QuestDbHttp, 'exec'>,
  clock: Clock,
  migration: Migration,
  signal?: AbortSignal,
): Promise<void> {
  const untilMs = clock.monoMs() + COLLISION_MS;
  for (const statement of migration.statements) {
    for (;;) {
      try {
        passing('migrate: statement');
        await client.exec(statement, { signal });
        break;
      } catch (error) {
        if (!(error instanceof FxtapeError) || error.code !== 'QDB_SQL') throw error;
        if (clock.monoMs() >= untilMs) throw failed(migration, statement, error);
        await pauseOrThrow(clock, 100, signal);
      }
    }
  }
}

async function record(
  client: Pick<QuestDbHttp, 'exec'>,
  migration: Migration,
  signal?: AbortSignal,
): Promise<void> {
  passing('migrate: record');
  const values = `${migration.version}, ${sqlText(migration.name)}, ${sqlText(migration.checksum)}`;
  await client.exec(`INSERT INTO ${RECORD} (ts, version, name, checksum) VALUES (now(), ${values})`, {
    signal,
  });
}

async function requireSchema(client: Pick<QuestDbHttp, 'exec'>, signal?: AbortSignal): Promise<void> {
  const differences: string[] = [];
  for (const def of Object.values(tables))
    differences.push(...(await schemaDifferences(client, def, { signal })));
  if (differences.length === 0) return;
  await refuseWhileReplaced(client, signal);
  throw new FxtapeError({
    code: 'SCHEMA_MISMATCH',
    message: `the tables in QuestDB are not as this release defines them: ${differences.join('; ')}`,
    context: { differences },
  });
}

/** `fxtape clock apply` renames tables for a moment, or for longer if it was killed then. */
async function refuseWhileReplaced(client: Pick<QuestDbHttp, 'exec'>, signal?: AbortSignal): Promise<void> {
  const paused = pausedStep(await newestSteps(client, { signal }));
  if (paused !== null) throw applyUnderWay(paused.applyId, paused.us);
}

function failed(migration: Migration, statement: string, cause: FxtapeError): FxtapeError {
  return new FxtapeError({
    code: 'MIGRATION_FAILED',
    message: `migration ${migration.version} (${migration.name}) failed: ${String(cause.context['error'])}`,
    context: { version: migration.version, statement: statement.slice(0, 300) },
    cause,
  });
}
