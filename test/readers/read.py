"""Opens versions of a Delta table with one reader after another and prints what each of them saw, one JSON object per line.

In: the folder, the versions, the time column, the columns to add up, and a range of time. Out per reader: rows, types, first and last time
in microseconds UTC, sums, rows in the range, and rows by partition. An error ends the program: a reader that cannot open the table is a
failure.
"""

import argparse
import importlib.util
import json
import os
import sys
from datetime import datetime, timedelta, timezone
from pathlib import Path

EPOCH = datetime(1970, 1, 1, tzinfo=timezone.utc)


def us(at):
    """Microseconds since 1970, from a time with a zone."""
    if at.tzinfo is None:
        raise ValueError(f"{at} has no zone")
    return (at - EPOCH) // timedelta(microseconds=1)


def at(micros):
    return EPOCH + timedelta(microseconds=micros)


def seen_by_arrow(table, a):
    """What an Arrow table holds; for deltalake and pyarrow."""
    import pyarrow.compute as pc

    ts = table[a.time]
    inside = pc.and_(pc.greater_equal(ts, at(a.from_us)), pc.less(ts, at(a.to_us)))
    groups = table.group_by(a.by).aggregate([([], "count_all")]).to_pylist()
    return {
        "rows": table.num_rows,
        "first_us": us(pc.min(ts).as_py()),
        "last_us": us(pc.max(ts).as_py()),
        "sums": {name: pc.sum(table[name]).as_py() for name in a.sum},
        "in_range": pc.sum(inside).as_py() or 0,
        "by": sorted([*(group[name] for name in a.by), group["count_all"]] for group in groups),
    }


def read_deltalake(a):
    from deltalake import DeltaTable

    table = DeltaTable(a.table, version=a.version)
    types = {field.name: field.type.type for field in table.schema().fields}
    import pyarrow as pa

    seen = seen_by_arrow(table.to_pyarrow_table(), a)
    if table.count() != seen["rows"]:
        raise ValueError(f"the log states {table.count()} rows, the files hold {seen['rows']}")
    pruned = table.to_pyarrow_table(filters=[(a.time, ">=", at(a.from_us)), (a.time, "<", at(a.to_us))])
    return {**seen, "types": types, "pruned": pruned.num_rows}


def read_pyarrow(a):
    import pyarrow.dataset as ds
    from deltalake import DeltaTable

    data = DeltaTable(a.table, version=a.version).to_pyarrow_dataset()
    inside = (ds.field(a.time) >= at(a.from_us)) & (ds.field(a.time) < at(a.to_us))
    types = {field.name: str(field.type) for field in data.schema}
    return {**seen_by_arrow(data.to_table(), a), "types": types, "pruned": data.count_rows(filter=inside)}


def read_pandas(a):
    from deltalake import DeltaTable

    frame = DeltaTable(a.table, version=a.version).to_pandas()
    inside = (frame[a.time] >= at(a.from_us)) & (frame[a.time] < at(a.to_us))
    groups = frame.groupby(a.by, observed=True).size()
    return {
        "rows": len(frame),
        "first_us": us(frame[a.time].min().to_pydatetime()),
        "last_us": us(frame[a.time].max().to_pydatetime()),
        "sums": {name: frame[name].sum().item() for name in a.sum},
        "in_range": int(inside.sum()),
        "by": sorted([*(key if isinstance(key, tuple) else (key,)), int(n)] for key, n in groups.items()),
        "types": {name: str(kind) for name, kind in frame.dtypes.items()},
        "pruned": int(inside.sum()),
    }


def read_duckdb(a):
    import duckdb

    folder = Path(importlib.util.find_spec("duckdb_extension_delta").origin).parent
    extension = next(folder.glob(f"extensions/v{duckdb.__version__}/delta.duckdb_extension"))
    db = duckdb.connect()
    db.execute("SET TimeZone = 'UTC'")
    db.execute(f"LOAD '{extension}'")
    table = "delta_scan($1, version = $2)"
    args = [a.table, a.version]
    by = ", ".join(f'"{name}"' for name in a.by)
    sums = ", ".join(f'sum("{name}")' for name in a.sum)
    time = f'"{a.time}"'
    rows, first, last, *added = db.execute(
        f"SELECT count(*), epoch_us(min({time})), epoch_us(max({time})), {sums} FROM {table}", args
    ).fetchone()
    pruned = db.execute(
        f"SELECT count(*) FROM {table} WHERE {time} >= make_timestamptz($3) AND {time} < make_timestamptz($4)",
        [*args, a.from_us, a.to_us],
    ).fetchone()[0]
    groups = db.execute(f"SELECT {by}, count(*) FROM {table} GROUP BY ALL", args).fetchall()
    types = db.execute(f"DESCRIBE SELECT * FROM {table}", args).fetchall()
    return {
        "rows": rows,
        "first_us": first,
        "last_us": last,
        "sums": dict(zip(a.sum, added)),
        "in_range": pruned,
        "by": sorted(list(group) for group in groups),
        "types": {name: kind for name, kind, *_ in types},
        "pruned": pruned,
    }


def read_polars(a):
    import polars as pl

    lazy = pl.scan_delta(a.table, version=a.version)
    inside = (pl.col(a.time) >= at(a.from_us)) & (pl.col(a.time) < at(a.to_us))
    frame = lazy.collect()
    return {
        "rows": frame.height,
        "first_us": us(frame[a.time].min()),
        "last_us": us(frame[a.time].max()),
        "sums": {name: frame[name].sum() for name in a.sum},
        "in_range": frame.filter(inside).height,
        "by": sorted(list(row) for row in frame.group_by(a.by).len().iter_rows()),
        "types": {name: str(kind) for name, kind in frame.schema.items()},
        "pruned": lazy.filter(inside).select(pl.len()).collect().item(),
    }


def spark_session(jars):
    from pyspark.sql import SparkSession

    build = SparkSession.builder.master("local[1]").appName("readers")
    for key, value in {
        "spark.jars": ",".join(str(jar) for jar in sorted(Path(jars).glob("*.jar"))),
        "spark.sql.extensions": "io.delta.sql.DeltaSparkSessionExtension",
        "spark.sql.catalog.spark_catalog": "org.apache.spark.sql.delta.catalog.DeltaCatalog",
        "spark.sql.session.timeZone": "UTC",
        "spark.databricks.delta.snapshotPartitions": "2",
        "spark.sql.shuffle.partitions": "2",
        "spark.ui.enabled": "false",
        "spark.driver.bindAddress": "127.0.0.1",
        "spark.driver.host": "127.0.0.1",
        "spark.driver.memory": "1g",
    }.items():
        build = build.config(key, value)
    return build.getOrCreate()


def read_spark(a):
    from pyspark.sql import functions as f

    spark = spark_session(a.jars)
    spark.sparkContext.setLogLevel("ERROR")
    frame = spark.read.format("delta").option("versionAsOf", a.version).load(a.table)
    micros = f.unix_micros(f.col(a.time))
    inside = (f.col(a.time) >= f.timestamp_micros(f.lit(a.from_us))) & (
        f.col(a.time) < f.timestamp_micros(f.lit(a.to_us))
    )
    row = frame.agg(
        f.count("*").alias("rows"),
        f.min(micros).alias("first"),
        f.max(micros).alias("last"),
        *[f.sum(name).alias(f"sum {name}") for name in a.sum],
    ).first()
    pruned = frame.where(inside).count()
    return {
        "rows": row["rows"],
        "first_us": row["first"],
        "last_us": row["last"],
        "sums": {name: row[f"sum {name}"] for name in a.sum},
        "in_range": pruned,
        "by": sorted([*(group[name] for name in a.by), group["count"]] for group in frame.groupBy(*a.by).count().collect()),
        "types": dict(frame.dtypes),
        "pruned": pruned,
    }


READERS = {
    "deltalake": read_deltalake,
    "pyarrow": read_pyarrow,
    "pandas": read_pandas,
    "duckdb": read_duckdb,
    "polars": read_polars,
    "spark": read_spark,
}


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("table")
    parser.add_argument("--readers", default=",".join(READERS), type=lambda text: text.split(","))
    parser.add_argument("--versions", required=True, type=lambda text: [int(each) for each in text.split(",")])
    parser.add_argument("--time", default="ts")
    parser.add_argument("--sum", default=[], type=lambda text: text.split(","))
    parser.add_argument("--by", default=["symbol"], type=lambda text: text.split(","))
    parser.add_argument("--from-us", type=int, default=0)
    parser.add_argument("--to-us", type=int, default=2**52)
    parser.add_argument("--jars", help="the folder with the jars of Delta for Spark")
    a = parser.parse_args()
    for reader in a.readers:
        for version in a.versions:
            a.version = version
            print(json.dumps({"reader": reader, "version": version, **READERS[reader](a)}), flush=True)


main()
if "pyspark" in sys.modules:
    from pyspark.sql import SparkSession

    session = SparkSession.getActiveSession()
    if session is not None:
        session.stop()
# Everything is printed. An orderly exit of the interpreter may crash in the threads of native libraries.
os._exit(0)
