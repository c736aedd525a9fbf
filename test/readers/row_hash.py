"""Row hashes of a dataset, as docs/dataset-format.md defines them: python row_hash.py DIR [VERSION]. Prints the hash of the version."""
import hashlib, json, sys
import numpy, pyarrow, pyarrow.parquet

DAY = 86_400_000_000

def encode(column):
    kind = column.type
    if pyarrow.types.is_string(kind) or pyarrow.types.is_large_string(kind) or pyarrow.types.is_dictionary(kind):
        texts = [None if v is None else v.encode() for v in column.to_pylist()]
        return "text", numpy.array([b"\xff" * 4 if t is None else len(t).to_bytes(4, "little") + t for t in texts], object)
    if pyarrow.types.is_floating(kind):
        return "float64", (column.cast("float64").fill_null(float("nan")).to_numpy() + 0.0).astype("<f8")
    if pyarrow.types.is_timestamp(kind):
        column = column.cast(pyarrow.timestamp("us", "UTC"))
    return "int64", column.cast("int64").fill_null(-2**63).to_numpy().astype("<i8")

def day_hashes(path, names):
    table = pyarrow.parquet.read_table(path, columns=names, partitioning=None).combine_chunks()
    columns = [(name, *encode(table[name].combine_chunks())) for name in names]
    for _, kind, values in columns:
        if kind == "float64":
            values[numpy.isnan(values)] = numpy.frombuffer(bytes.fromhex("000000000000f87f"), "<f8")[0]
    keys = [numpy.unique(v, return_inverse=True)[1] if k == "text" else v.view(">u8") for _, k, v in columns]
    times = columns[0][2]
    order = numpy.lexsort([*reversed(keys[1:]), times])
    days = times[order] // DAY
    for day in numpy.unique(days):
        rows = order[days == day]
        whole = hashlib.sha256(f"{len(rows)} rows\n".encode())
        for name, kind, values in columns:
            data = b"".join(values[rows]) if kind == "text" else values[rows].tobytes()
            whole.update(f"{name} {kind} {hashlib.sha256(data).hexdigest()}\n".encode())
        yield str(numpy.datetime64(int(day), "D")), len(rows), whole.hexdigest()

def version_hash(root, version):
    manifest = json.load(open(f"{root}/_manifest/{version}.json"))
    names = [c["name"] for c in manifest["columns"] if c["canonical"]]
    lines = []
    for file in manifest["files"]:
        series = json.dumps(list(file["series"].values()), ensure_ascii=False, separators=(",", ":"))
        lines += [f"{series}\t{day}\t{rows}\t{digest}\n".encode() for day, rows, digest in day_hashes(f"{root}/{file['path']}", names)]
    return hashlib.sha256(b"".join(sorted(lines))).hexdigest()

if __name__ == "__main__":
    print(version_hash(sys.argv[1], sys.argv[2] if len(sys.argv) > 2 else "0"))
