"""FAISS: HNSW and IVF over codes. Batch call, or a query a call; OpenMP has one thread while
searching."""

import faiss
import numpy as np

from peers.peer import Peer


class Faiss(Peer):
    filter_form = "mask"

    def build(self, job):
        self.one_a_call = job.params.get("one_a_call", False)
        faiss.omp_set_num_threads(job.threads)
        metric = faiss.METRIC_L2 if job.metric == "l2" else faiss.METRIC_INNER_PRODUCT
        self.index = self._make(job.params, job.base.shape[1], metric)
        inner = self._inner()
        if hasattr(inner, "hnsw"):
            inner.hnsw.efConstruction = job.params.get("ef_construction", 200)
        base = np.ascontiguousarray(job.base)
        self.index.train(base)
        self.index.add(base)
        faiss.omp_set_num_threads(1)

    def _make(self, params, dim, metric):
        if "factory" in params:
            return faiss.index_factory(dim, params["factory"], metric)
        # A quantizer that the factory's language has no word for.
        kind = getattr(faiss.ScalarQuantizer, params["scalar"])
        self.codes = faiss.IndexHNSWSQ(dim, kind, params["m"], metric)
        return faiss.IndexRefineFlat(self.codes)

    def _inner(self):
        index = self.index
        if isinstance(index, faiss.IndexRefine) or isinstance(index, faiss.IndexPreTransform):
            index = faiss.downcast_index(getattr(index, "base_index", None) or index.index)
        return faiss.downcast_index(index)

    def _parameters(self, effort, selector=None):
        chosen = {"sel": selector} if selector is not None else {}
        if "ef" in effort:
            made = faiss.SearchParametersHNSW(efSearch=effort["ef"], **chosen)
        elif "nprobe" in effort:
            made = faiss.SearchParametersIVF(nprobe=effort["nprobe"], **chosen)
        else:
            # Fast scans take no parameters, not even empty ones.
            made = faiss.SearchParameters(**chosen) if chosen else None
        if isinstance(self.index, faiss.IndexRefine):
            made = faiss.IndexRefineSearchParameters(
                k_factor=effort.get("k_factor", 4), base_index_params=made)
        return made

    def search(self, queries, k, effort):
        if "ef" in effort:
            effort = {**effort, "ef": max(k, effort["ef"])}
        parameters = self._parameters(effort)
        if self.one_a_call:
            return np.concatenate([self.index.search(queries[i:i + 1], k, params=parameters)[1]
                                   for i in range(len(queries))])
        return self.index.search(queries, k, params=parameters)[1]

    def prepare_filter(self, group):
        return faiss.IDSelectorBitmap(np.packbits(group.mask, bitorder="little"))

    def search_filtered(self, queries, k, effort, prepared):
        return self.index.search(queries, k, params=self._parameters(effort, prepared))[1]

    def bytes_told(self):
        return len(faiss.serialize_index(self.index))
