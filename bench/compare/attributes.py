"""The columns that filters.py speaks of, made for a set and kept beside it; and rows that pass."""

import json

import numpy as np

import filters


def prepare(dataset):
    """(columns as the workers take them, places of the queries: q x 2 for p and r)."""
    folder = dataset.folder / "attributes"
    listing = folder / "columns.json"
    if not listing.exists():
        folder.mkdir(exist_ok=True)
        columns, places = make(np.asarray(dataset.load("base")),
                               np.asarray(dataset.load("queries")))
        for path, (values, _) in columns.items():
            np.save(folder / f"{path}.npy", np.ascontiguousarray(values, np.int64))
        np.save(folder / "query_places.npy", places)
        listing.write_text(json.dumps(
            [{"path": path, "file": str(folder / f"{path}.npy"), "text": text}
             for path, (_, text) in columns.items()]))
    return json.loads(listing.read_text()), np.load(folder / "query_places.npy")


def make(base, queries):
    """{path: (values, is text)} and the queries' places."""
    draw = np.random.default_rng(3)
    n = len(base)
    line = {"u": evenly(draw.permutation(n), n), "v": evenly(draw.permutation(n), n)}
    axes = principal(base, draw)
    places = []
    for path, axis in zip("pr", axes):
        along = base @ axis
        order = np.argsort(along, kind="stable")
        rank = np.empty(n, np.int64)
        rank[order] = np.arange(n)
        line[path] = evenly(rank, n)
        places.append(evenly(np.searchsorted(along[order], queries @ axis).clip(0, n - 1), n))
    columns = {path: (values, False) for path, values in line.items()}
    tags = []
    for level, selectivity in enumerate(filters.SELECTIVITIES):
        for path in "up":
            columns[f"{path}{level}"] = (filters.bucket_of_row(line[path], selectivity), True)
        for source, path in enumerate("vr"):
            tags.append(filters.tag(source, level, filters.bucket_of_row(line[path], selectivity)))
    columns["tags"] = (np.stack(tags, axis=1), True)
    return columns, np.stack(places, axis=1)


def evenly(rank, n):
    return (np.asarray(rank, np.int64) * filters.SCALE) // n


def principal(base, draw):
    """The first two principal components, from a sample."""
    sample = base[draw.choice(len(base), min(len(base), 20_000), replace=False)]
    centred = sample.astype(np.float64) - sample.mean(axis=0)
    _, vectors = np.linalg.eigh(centred.T @ centred)
    return vectors[:, [-1, -2]].T.astype(np.float32)


def load_values(columns):
    return {c["path"]: np.load(c["file"], mmap_mode="r") for c in columns}


def passing(expression, values):
    """Bool per row."""
    (op, body), = expression.items()
    if op == "and":
        return np.logical_and.reduce([passing(child, values) for child in body])
    column = values[body["path"]]
    if op == "range":
        return (column >= body["gte"]) & (column < body["lt"])
    if op == "eq":
        return column == int(body["value"])
    return np.isin(column, [int(v) for v in body["values"]]).any(axis=1)
