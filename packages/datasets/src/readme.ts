// `_README.md` of a dataset: what it holds and how to open it, for people who have only the folder. In: a manifest. Out: Markdown. Readers
// skip it because its name begins with an underscore.
import { isoOf } from './calendar.ts';
import { kindOf } from './kinds.ts';
import type { Manifest } from './manifest.ts';
import type { Store } from './store/store.ts';

export async function writeReadme(store: Store, manifest: Manifest, signal?: AbortSignal): Promise<void> {
  await store.put('_README.md', Buffer.from(readme(manifest)), signal);
}

export function readme(manifest: Manifest): string {
  const { columns, gaps, kind, rows, selection, uncovered, version } = manifest;
  const { period, series } = kindOf(selection);
  const states = Object.entries(Object.groupBy(gaps, ({ state }) => state));
  const holes =
    states.length === 0
      ? 'none'
      : states.map(([state, list]) => `${list?.length} ${state.replace('_', ' ')}`).join(', ');
  const unknown =
    uncovered.length === 0
      ? ''
      : `; in ${uncovered.length} other stretches it is not known whether rows are missing`;
  return `# ${kind}, recorded by fxtape

A Delta Lake table. Times are UTC; ${selection.asOfUs === null ? 'rows are as known when the version was made' : `rows are as known at ${isoOf(selection.asOfUs)}`}.

- version ${version}: ${rows} rows from ${isoOf(selection.fromUs)} to ${isoOf(selection.toUs)}
- partitions: ${[...series, period].join(', ')}
- gaps in the range: ${holes}${unknown} (listed in \`_manifest/${version}.json\`, with the verdict on each day and the clock rules)

| column | type | meaning |
| --- | --- | --- |
${columns.map(({ meaning, name, type }) => `| ${name} | ${type} | ${meaning.replaceAll('|', '\\|')} |`).join('\n')}

Open it with a reader of Delta tables. A plain glob over the Parquet files also finds files of earlier versions.

\`\`\`python
# DuckDB (INSTALL delta; once)
import duckdb
duckdb.sql("SELECT count(*) FROM delta_scan('.')")

# Polars
import polars
polars.scan_delta(".", version=${version}).head().collect()

# pandas
from deltalake import DeltaTable
frame = DeltaTable(".", version=${version}).to_pandas()

# Spark, with delta-spark
frame = spark.read.format("delta").option("versionAsOf", ${version}).load(".")
\`\`\`
`;
}
