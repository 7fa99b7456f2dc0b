"""USearch: HNSW over f32, f16, bf16 or i8. Batch call, threads=1. Its Python has no filters."""

import numpy as np
from usearch.index import Index

from peers.peer import Peer, rerank


class Usearch(Peer):
    def build(self, job):
        self.dtype = job.params["dtype"]
        # i8 of integers in 0..255 is exact after a shift, which L2 does not see; rows of unit
        # length are scaled by the library itself under cosine, which orders them as "ip" does.
        self.shift = self.dtype == "i8" and job.metric == "l2" and integral(job.base)
        metric = "l2sq" if job.metric == "l2" else "cos" if self.dtype == "i8" else "ip"
        self.metric = job.metric
        self.base = job.base if job.params.get("rerank") else None
        self.index = Index(ndim=job.base.shape[1], metric=metric, dtype=self.dtype,
                           connectivity=job.params["m"],
                           expansion_add=job.params["ef_construction"])
        self.index.add(np.arange(len(job.base)), self._form(job.base), threads=job.threads)

    def _form(self, rows):
        return (np.asarray(rows) - 128).astype(np.int8) if self.shift else np.asarray(rows)

    def search(self, queries, k, effort):
        wide = max(k, effort.get("keep", k))
        self.index.expansion_search = max(wide, effort["ef"])
        near = self.index.search(self._form(queries), wide, threads=1).keys.astype(np.int64)
        return near if self.base is None else rerank(self.base, queries, near, k, self.metric)

    def bytes_told(self):
        return int(self.index.serialized_length)


def integral(base):
    sample = np.asarray(base[:100])
    return bool((sample == np.round(sample)).all() and sample.min() >= 0 and sample.max() <= 255)
