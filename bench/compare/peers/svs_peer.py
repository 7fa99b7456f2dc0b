"""Scalable Vector Search: Vamana. Batch call, num_threads=1. Its LVQ and LeanVec run on Intel only.

"u8" stores integers in 0..255 exactly. "i8" is scalar quantization done here with one scale, since
the wheel has none of its own that runs on every processor; answers are then reranked on f32.
"""

import os
import shutil

import numpy as np
import svs

from peers.peer import Peer, rerank

LVQ = {"lvq8": (8, 0), "lvq4x4": (4, 4), "lvq4x8": (4, 8)}


class Svs(Peer):
    def build(self, job):
        self.folder = job.folder
        self.kind = job.params["data"]
        self.metric = job.metric
        self.rerank = job.base if self.kind == "i8" else None
        # Rows of unit length are ordered by L2 as by dot product, and L2 allows alpha > 1.
        parameters = svs.VamanaBuildParameters(
            alpha=job.params.get("alpha", 1.2), graph_max_degree=job.params["degree"],
            window_size=job.params["window"])
        self.scale = 127 / np.abs(job.base).max() if self.kind == "i8" else 1
        self.index = svs.Vamana.build(parameters, self._data(job.base), svs.DistanceType.L2,
                                      num_threads=job.threads)
        self.index.num_threads = 1

    def _data(self, base):
        if self.kind not in LVQ and not self.kind.startswith("leanvec"):
            return self._form(base)
        path = os.path.join(self.folder, "rows.fvecs")
        svs.write_vecs(np.ascontiguousarray(base), path)
        loader = svs.VectorDataLoader(path, svs.DataType.float32)
        if self.kind in LVQ:
            return svs.LVQLoader(loader, *LVQ[self.kind], padding=32)
        return svs.LeanVecLoader(loader, int(self.kind[len("leanvec"):]))

    def _form(self, rows):
        if self.kind == "u8":
            return np.asarray(rows, np.uint8)
        if self.kind == "i8":
            return np.round(np.asarray(rows) * self.scale).clip(-127, 127).astype(np.int8)
        return np.asarray(rows, np.float16 if self.kind == "f16" else np.float32)

    def search(self, queries, k, effort):
        if self.rerank is None:
            self.index.search_window_size = max(k, effort["ef"])
            return self.index.search(self._form(queries), k)[0].astype(np.int64)
        wide = max(k, effort["keep"])
        self.index.search_window_size = max(wide, effort["ef"])
        near = self.index.search(self._form(queries), wide)[0].astype(np.int64)
        return rerank(self.rerank, queries, near, k, self.metric)

    def bytes_told(self):
        parts = [os.path.join(self.folder, f"svs-{part}") for part in ("config", "graph", "data")]
        self.index.save(*parts)
        size = sum(os.path.getsize(os.path.join(root, file))
                   for part in parts for root, _, files in os.walk(part) for file in files)
        for part in parts:
            shutil.rmtree(part)
        return size
