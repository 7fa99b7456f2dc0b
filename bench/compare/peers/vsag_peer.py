"""VSAG: HGraph over quantized codes with reorder. One call per query: the binding has no other."""

import json
import os

import numpy as np
import pyvsag

from peers.peer import Peer, padded


class Vsag(Peer):
    per_call = True

    def build(self, job):
        pyvsag.set_logger_off()
        self.folder = job.folder
        n, dim = job.base.shape
        index = {"base_quantization_type": job.params["codes"],
                 "max_degree": job.params["degree"],
                 "ef_construction": job.params["ef_construction"],
                 "build_thread_count": job.threads,
                 "use_elp_optimizer": True}  # tunes prefetching to the machine
        if job.params.get("precise"):
            index.update(use_reorder=True, precise_quantization_type=job.params["precise"])
        self.index = pyvsag.Index("hgraph", json.dumps({
            "dtype": "float32", "metric_type": job.metric, "dim": dim, "index_param": index}))
        self.index.build(np.ascontiguousarray(job.base).ravel(), np.arange(n, dtype=np.int64), n,
                         dim)

    def search(self, queries, k, effort):
        parameters = json.dumps({"hgraph": {"ef_search": max(k, effort["ef"])}})
        found = []
        for query in queries:
            first, second = self.index.knn_search(query, k, parameters)
            found.append(first if first.dtype == np.int64 else second)
        return padded(found, k)

    def bytes_told(self):
        path = os.path.join(self.folder, "vsag.index")
        self.index.save(path)
        size = os.path.getsize(path)
        os.unlink(path)
        return size
