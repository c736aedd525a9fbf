// What differs between two versions, and why. In: two manifests with their stores. Out: per series and day how many rows were added,
// removed and changed, with the reason and its evidence; on request also the rows. Days with equal hashes are not read.
import { isDeepStrictEqual } from 'node:util';
import { DAY_US, dayOf, dayText } from './calendar.ts';
import { type Duck, duckName, duckText, readParquet, withDuck } from './duck.ts';
import type { Column } from '@fxtape/market/tables';
import { FxtapeError } from '@fxtape/ops';
import type { Dataset } from './dataset.ts';
import { type DatasetKind, kindOf } from './kinds.ts';
import { type Manifest, type ManifestFile, type Reason, seriesText } from './manifest.ts';
import type { KnownGap, Range, Series } from './source.ts';
import {
  correctionSince,
  healedGaps,
  isUncoveredOf,
  REVISABLE_KINDS,
  uncoveredEvidence,
} from './run/changed-days.ts';
import { dayUsOf } from './run/plan.ts';

export interface Side {
  readonly dataset: Dataset;
  readonly manifest: Manifest;
}

export interface Difference {
  readonly series: Series;
  readonly day: string;
  readonly change: 'added' | 'removed' | 'changed';
  readonly rows: number;
  readonly reason: Reason;
  readonly evidence: string | null;
}

export interface DifferentRow {
  readonly series: Series;
  readonly change: Difference['change'];
  readonly reason: Reason;
  readonly before: Readonly<Record<string, unknown>> | null;
  readonly after: Readonly<Record<string, unknown>> | null;
}

export interface DiffOptions {
  /** Called for each row that differs, in no particular order. */
  readonly onRow?: ((row: DifferentRow) => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/** Compares `b` with the earlier `a`. Errors: DATASET_KINDS_DIFFER, DATASET_VERSION_VACUUMED, those of the stores. */
export async function diffVersions(a: Side, b: Side, options: DiffOptions = {}): Promise<Difference[]> {
  const { resample } = a.manifest.selection;
  const resamplesDiffer = !isDeepStrictEqual(resample, b.manifest.selection.resample);
  if (a.manifest.kind !== b.manifest.kind || resamplesDiffer)
    throw new FxtapeError({
      code: 'DATASET_KINDS_DIFFER',
      message: resamplesDiffer
        ? 'the two datasets resample ticks in different ways'
        : `one dataset holds \`${a.manifest.kind}\`, the other \`${b.manifest.kind}\``,
    });
  const kind = kindOf(a.manifest.selection);
  const found: Difference[] = [];
  for (const pair of differingSeries(a.manifest, b.manifest)) {
    options.signal?.throwIfAborted();
    found.push(...(await diffSeries(a, b, pair, kind, options)));
  }
  return found;
}

interface SeriesPair {
  readonly series: Series;
  /** Midnights UTC of the days that differ, µs. */
  readonly days: readonly number[];
  readonly before: readonly ManifestFile[];
  readonly after: readonly ManifestFile[];
}

/** Series with a day that differs, and the files that hold those days. */
function differingSeries(a: Manifest, b: Manifest): SeriesPair[] {
  const before = Map.groupBy(a.files, ({ series }) => seriesText(series));
  const after = Map.groupBy(b.files, ({ series }) => seriesText(series));
  const pairs: SeriesPair[] = [];
  for (const text of [...new Set([...before.keys(), ...after.keys()])].sort()) {
    const [old, now] = [before.get(text) ?? [], after.get(text) ?? []];
    const [oldDays, newDays] = [hashes(old), hashes(now)];
    const days = [...new Set([...oldDays.keys(), ...newDays.keys()])].filter(
      (day) => oldDays.get(day) !== newDays.get(day),
    );
    if (days.length === 0) continue;
    const holds = (file: ManifestFile): boolean => file.days.some(([day]) => days.includes(day));
    const { series } = (now[0] ?? old[0]) as ManifestFile;
    const midnights = days.map(dayUsOf).sort((x, y) => x - y);
    pairs.push({ series, days: midnights, before: old.filter(holds), after: now.filter(holds) });
  }
  return pairs;
}

const hashes = (files: readonly ManifestFile[]): Map<string, string> =>
  new Map(files.flatMap(({ days }) => days.map(([day, , hash]) => [day, hash] as const)));

async function diffSeries(
  a: Side,
  b: Side,
  pair: SeriesPair,
  kind: DatasetKind,
  options: DiffOptions,
): Promise<Difference[]> {
  return withLocals(a.dataset, pair.before, (before) =>
    withLocals(b.dataset, pair.after, (after) =>
      withDuck(async (duck) => {
        await duck.run(`CREATE TABLE days (day BIGINT)`);
        for (const day of pair.days) await duck.run(`INSERT INTO days VALUES (${day})`);
        await duck.run(view('a', before, kind));
        await duck.run(view('b', after, kind));
        const corrected = correctionSince(a.manifest, b.manifest, pair.series) !== null;
        for (const statement of differingRows(kind, corrected)) await duck.run(statement);
        const explain = reasonSql(a.manifest, b.manifest, pair.series, kind);
        await duck.run(
          `CREATE VIEW explained AS SELECT *, ${explain.reason} AS reason, ${explain.evidence} AS evidence FROM differs`,
        );
        if (options.onRow !== undefined) await reportRows(duck, kind, pair.series, options.onRow);
        return summary(duck, pair.series);
      }),
    ),
  );
}

/** Calls `use` with the local paths of all files at once. */
async function withLocals<T>(
  dataset: Dataset,
  files: readonly ManifestFile[],
  use: (locals: readonly string[]) => Promise<T>,
  locals: readonly string[] = [],
): Promise<T> {
  const [next, ...rest] = files;
  if (next === undefined) return use(locals);
  return dataset.store.withLocal(next.path, (local) => withLocals(dataset, rest, use, [...locals, local]));
}

/** A view of the days that differ: the canonical columns, and `us`, the time. */
function view(name: string, files: readonly string[], kind: DatasetKind): string {
  const time = duckName(kind.time);
  const columns = kind.columns.map(({ name: column }) => duckName(column)).join(', ');
  if (files.length === 0) {
    const none = kind.columns.map((column) => `NULL::${duckType(column)} AS ${duckName(column.name)}`);
    return `CREATE VIEW ${name} AS SELECT ${none.join(', ')}, 0::BIGINT AS us WHERE false`;
  }
  return `CREATE VIEW ${name} AS SELECT ${columns}, epoch_us(${time}) AS us FROM ${readParquet(...files)}
    WHERE (epoch_us(${time}) // ${DAY_US}) * ${DAY_US} IN (SELECT day FROM days)`;
}

const DUCK_TYPES = {
  timestamp: 'TIMESTAMPTZ',
  symbol: 'VARCHAR',
  varchar: 'VARCHAR',
  double: 'DOUBLE',
  long: 'BIGINT',
  int: 'INTEGER',
  boolean: 'BOOLEAN',
} as const satisfies Record<Column['type'], string>;
const duckType = ({ type }: Column): string => DUCK_TYPES[type];

/**
 * Statements that make the table `differs`: the rows that one side has and the other lacks, counted as often as they are lacking. Two rows
 * with one key become one changed row. A clock correction keeps a row's broker time and values, and changes its UTC time and offset: such a
 * pair (`moved`) becomes one changed row too, whatever its key.
 */
function differingRows(kind: DatasetKind, corrected: boolean): readonly string[] {
  const names = kind.columns.map(({ name }) => duckName(name));
  const only = (x: string, y: string): string =>
    `SELECT *, row_number() OVER () AS id FROM (SELECT ${names.join(', ')}, us FROM ${x} EXCEPT ALL SELECT ${names.join(', ')}, us FROM ${y})`;
  const pack = (side: string): string =>
    `CASE WHEN ${side}.us IS NULL THEN NULL ELSE struct_pack(${names.map((name) => `${name} := ${side}.${name}`).join(', ')}) END`;
  const same = (terms: readonly string[]): string =>
    terms.map((term) => `x.${term} IS NOT DISTINCT FROM y.${term}`).join(' AND ');
  const change = `CASE WHEN x.us IS NULL THEN 'added' WHEN y.us IS NULL THEN 'removed' ELSE 'changed' END`;
  const fields = `coalesce(y.us, x.us) AS us, ${change} AS change, ${pack('x')} AS before, ${pack('y')} AS after`;
  const isMoving = corrected && kind.columns.some(({ name }) => name === OFFSET);
  const atBroker = (side: string): string => {
    const terms = kind.columns.filter(({ name }) => name !== OFFSET).map(brokerValue);
    const list = terms.map((term, i) => `${term} AS v${i}`).join(', ');
    const all = terms.map((_, i) => `v${i}`).join(', ');
    return `SELECT *, row_number() OVER (PARTITION BY ${all} ORDER BY us) AS nth FROM (SELECT *, ${list} FROM ${side})`;
  };
  const values = kind.columns.filter(({ name }) => name !== OFFSET).map((_, i) => `v${i}`);
  const moved = isMoving
    ? `SELECT x.id AS a, y.id AS b FROM (${atBroker('only_a')}) x JOIN (${atBroker('only_b')}) y ON ${same([...values, 'nth'])}`
    : 'SELECT 0 AS a, 0 AS b WHERE false';
  const rest = (side: 'a' | 'b'): string => `(FROM only_${side} WHERE id NOT IN (SELECT ${side} FROM moved))`;
  const paired = `SELECT ${fields}, false FROM ${rest('a')} x FULL JOIN ${rest('b')} y ON ${same(kind.key.map(duckName))}`;
  // Without a key no two rows are one: a join of both sides would compare each row with each.
  const unpaired = (side: 'x' | 'y', join: 'LEFT' | 'RIGHT'): string => {
    const x = side === 'x' ? rest('a') : '(FROM only_a LIMIT 0)';
    const y = side === 'y' ? rest('b') : '(FROM only_b LIMIT 0)';
    return `SELECT ${fields}, false FROM ${x} x ${join} JOIN ${y} y ON x.id = y.id`;
  };
  return [
    `CREATE TABLE only_a AS ${only('a', 'b')}`,
    `CREATE TABLE only_b AS ${only('b', 'a')}`,
    `CREATE TABLE moved AS ${moved}`,
    `CREATE TABLE differs AS
      SELECT ${fields}, true AS moved FROM moved JOIN only_a x ON x.id = moved.a JOIN only_b y ON y.id = moved.b
      UNION ALL
      ${kind.key.length === 0 ? `${unpaired('x', 'LEFT')} UNION ALL ${unpaired('y', 'RIGHT')}` : paired}`,
  ];
}

const OFFSET = 'utc_offset_s';

/** A column as SQL: times in µs on the broker's clock, other values unchanged. */
const brokerValue = ({ name, type }: Column): string =>
  type === 'timestamp' ? `epoch_us(${duckName(name)}) + ${OFFSET} * 1000000::BIGINT` : duckName(name);

/** Two brokers' clocks differ by at most this: from UTC−12 to UTC+14. */
const WIDEST_SHIFT_US = 26 * 3_600_000_000;

/** SQL: whether a row is so near an end of the range that a correction may have moved it in or out. */
const nearEnds = ({ fromUs, toUs }: Range): string =>
  `us - ${fromUs} BETWEEN 0 AND ${WIDEST_SHIFT_US} OR ${toUs} - us BETWEEN 0 AND ${WIDEST_SHIFT_US}`;

/** Why a row of `differs` differs, as two SQL expressions: the first reason that applies. */
function reasonSql(
  a: Manifest,
  b: Manifest,
  series: Series,
  kind: DatasetKind,
): { reason: string; evidence: string } {
  const cases: { when: string; reason: Reason; evidence: string }[] = [];
  const correction = correctionSince(a, b, series);
  // An interval belongs to every moment in it, and grows with each of them.
  const widthUs = a.selection.resample?.widthUs ?? 1;
  const isMore = widthUs > 1 ? `change <> 'removed'` : `change = 'added'`;
  if (correction !== null) cases.push({ when: 'moved', reason: 'clock', evidence: duckText(correction) });
  cases.push({
    when: `${isMore} AND us + ${widthUs} > ${a.selection.toUs}`,
    reason: 'extended',
    evidence: duckText(`after the end of version ${a.version}`),
  });
  const healed = healedGaps(a, b, series);
  const ofGap = ({ fromUs, gapId, toUs }: KnownGap): void => {
    const within = `us + ${widthUs} > ${fromUs}${toUs === null ? '' : ` AND us < ${toUs}`}`;
    cases.push({ when: `${isMore} AND ${within}`, reason: 'healed', evidence: duckText(`gap ${gapId}`) });
  };
  for (const gap of healed.since) ofGap(gap);
  if (correction !== null) {
    const across = duckText(`${correction}, across an end of the range`);
    cases.push(
      { when: `change = 'added' AND (${nearEnds(a.selection)})`, reason: 'clock', evidence: across },
      { when: `change = 'removed' AND (${nearEnds(b.selection)})`, reason: 'clock', evidence: across },
    );
    // A row without its offset has no broker time to compare; the close of a position has another offset than its row.
    const hasOffset = kind.columns.some(({ name }) => name === OFFSET);
    const times = kind.columns.filter(({ type }) => type === 'timestamp').length;
    if (!hasOffset || times > 1)
      cases.push({
        when: hasOffset ? `change = 'changed'` : 'true',
        reason: 'clock',
        evidence: duckText(correction),
      });
  }
  for (const { fromUs, toUs } of a.uncovered.filter((each) => isUncoveredOf(each, series)))
    cases.push({
      when: `${isMore} AND us + ${widthUs} > ${fromUs} AND us < ${toUs}`,
      reason: 'extended',
      evidence: duckText(uncoveredEvidence(a.version)),
    });
  if (REVISABLE_KINDS.has(kind.name))
    cases.push({
      // A gap that turns out to begin earlier is another row.
      when: kind.name === 'gaps' ? 'true' : `change IN ('changed', 'added')`,
      reason: 'revised',
      evidence: duckText(`seen after version ${a.version}`),
    });
  for (const gap of healed.earlier) ofGap(gap);
  const choose = (of: 'reason' | 'evidence', otherwise: string): string =>
    `CASE ${cases.map((each) => `WHEN ${each.when} THEN ${of === 'reason' ? duckText(each.reason) : each.evidence}`).join(' ')} ELSE ${otherwise} END`;
  return { reason: choose('reason', `'unexplained'`), evidence: choose('evidence', 'NULL') };
}

async function summary(duck: Duck, series: Series): Promise<Difference[]> {
  const rows = await duck.rows<{
    day: bigint;
    change: Difference['change'];
    reason: Reason;
    evidence: string | null;
    rows: bigint;
  }>(`SELECT (us // ${DAY_US}) * ${DAY_US} AS day, change, reason, evidence, count(*) AS rows FROM explained
      GROUP BY ALL ORDER BY day, change, reason, evidence`);
  return rows.map(({ change, day, evidence, reason, rows: count }) => ({
    series,
    day: dayText(dayOf(Number(day))),
    change,
    rows: Number(count),
    reason,
    evidence,
  }));
}

type Packed = Readonly<Record<string, unknown>>;

async function reportRows(
  duck: Duck,
  kind: DatasetKind,
  series: Series,
  onRow: NonNullable<DiffOptions['onRow']>,
): Promise<void> {
  const text = (side: string): string =>
    `CASE WHEN ${side} IS NULL THEN NULL ELSE to_json(${side}) END AS ${side}`;
  const sql = `SELECT change, reason, ${text('before')}, ${text('after')} FROM explained ORDER BY us, change`;
  for await (const chunk of duck.chunks(sql)) {
    for (const [change, reason, before, after] of chunk.getRows() as [
      Difference['change'],
      Reason,
      string | null,
      string | null,
    ][])
      onRow({ series, change, reason, before: parsed(before), after: parsed(after) });
  }
}

const parsed = (text: string | null): Packed | null => (text === null ? null : (JSON.parse(text) as Packed));
