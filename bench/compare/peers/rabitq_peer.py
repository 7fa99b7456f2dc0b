"""rabitqlib: IVF of one list, so that a search scans the codes of all rows. Batch call."""

import os

import numpy as np
from rabitqlib import IvfIndex

from peers.peer import Peer


class Rabitq(Peer):
    def build(self, job):
        n, dim = job.base.shape
        self.folder = job.folder
        self.index = IvfIndex(dim=dim, max_elements=n, num_clusters=1, nbits=job.params["bits"],
                              metric=job.metric)
        centroid = job.base.mean(axis=0, keepdims=True).astype(np.float32)
        self.index.build(np.ascontiguousarray(job.base), centroid, np.zeros(n, np.uint32))

    def search(self, queries, k, effort):
        return np.asarray(self.index.search(queries, k=k, nprobe=1, num_threads=1)[0], np.int64)

    def bytes_told(self):
        path = os.path.join(self.folder, "rabitq.index")
        self.index.save(path)
        size = os.path.getsize(path)
        os.unlink(path)
        return size
