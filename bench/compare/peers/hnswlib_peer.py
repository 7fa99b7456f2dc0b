"""hnswlib: the HNSW that every other is measured by. Batch call, num_threads=1."""

import os

import hnswlib
import numpy as np

from peers.peer import Peer


class Hnswlib(Peer):
    filter_form = "mask"

    def build(self, job):
        self.folder = job.folder
        self.index = hnswlib.Index(space=job.metric, dim=job.base.shape[1])
        self.index.init_index(max_elements=len(job.base), M=job.params["m"],
                              ef_construction=job.params["ef_construction"], random_seed=100)
        self.index.add_items(job.base, np.arange(len(job.base)), num_threads=job.threads)

    def search(self, queries, k, effort):
        self.index.set_ef(max(k, effort["ef"]))
        return self.index.knn_query(queries, k=k, num_threads=1)[0].astype(np.int64)

    def prepare_filter(self, group):
        # A bound method of C is the cheapest callable that Python can give the library.
        return np.asarray(group.mask, np.uint8).tobytes().__getitem__, int(group.mask.sum())

    def search_filtered(self, queries, k, effort, prepared):
        passes, count = prepared
        wanted = min(k, count)
        found = np.full((len(queries), k), -1, np.int64)
        self.index.set_ef(max(k, effort["ef"]))
        for i, query in enumerate(queries):
            rows = self._one(query, wanted, passes)
            found[i, :len(rows)] = rows
        return found

    def _one(self, query, wanted, passes):
        """The library raises when it finds fewer than asked for: then fewer are asked for."""
        while wanted > 0:
            try:
                rows = self.index.knn_query(query, k=wanted, num_threads=1, filter=passes)[0][0]
                return rows.astype(np.int64)
            except RuntimeError:
                wanted //= 2
        return np.empty(0, np.int64)

    def bytes_told(self):
        path = os.path.join(self.folder, "hnswlib.index")
        self.index.save_index(path)
        size = os.path.getsize(path)
        os.unlink(path)
        return size
