"""Qdrant Edge: one shard in process, HNSW, int8 codes with rescoring. One call per query."""

import os

import qdrant_edge as q

from peers.peer import Peer, padded

BATCH = 1000


class Qdrant(Peer):
    per_call = True
    filter_form = "expression"

    def build(self, job):
        codes = None
        if job.params.get("codes") == "int8":
            codes = q.ScalarQuantizationConfig(q.ScalarType.Int8, 0.99, memory=q.Memory.Pinned)
        hnsw = q.HnswIndexConfig(job.params["m"], job.params["ef_construction"],
                                 full_scan_threshold=job.params.get("full_scan_kb", 10_000),
                                 max_indexing_threads=job.threads)
        distance = q.Distance.Euclid if job.metric == "l2" else q.Distance.Dot
        folder = os.path.join(job.folder, "qdrant")
        os.makedirs(folder, exist_ok=True)
        self.shard = q.EdgeShard.create(folder, q.EdgeConfig(
            vectors=q.EdgeVectorParams(job.base.shape[1], distance),
            hnsw_config=hnsw, quantization_config=codes, max_search_threads=1,
            optimizers=q.EdgeOptimizersConfig(default_segment_number=1, indexing_threshold=1)))
        for path, column in job.columns.items():
            kind = q.PayloadSchemaType.Keyword if column.text else q.PayloadSchemaType.Integer
            self.shard.update(q.UpdateOperation.create_field_index(path, kind))
        for first in range(0, len(job.base), BATCH):
            rows = range(first, min(first + BATCH, len(job.base)))
            self.shard.update(q.UpdateOperation.upsert_points([point(job, i) for i in rows]))
        while self.shard.optimize():
            pass
        self.codes = codes is not None

    def search(self, queries, k, effort):
        return self.search_filtered(queries, k, effort, None)

    def search_filtered(self, queries, k, effort, prepared):
        rescore = q.QuantizationSearchParams(
            rescore=True, oversampling=effort.get("oversampling", 2.0)) if self.codes else None
        acorn = q.AcornSearchParams(enable=True) if effort.get("acorn") else None
        params = q.SearchParams(hnsw_ef=max(k, effort["ef"]), quantization=rescore, acorn=acorn)
        requests = [q.SearchRequest(q.Query.Nearest(query), k, filter=prepared, params=params)
                    for query in queries.tolist()]
        return padded([[hit.id for hit in self.shard.search(r)] for r in requests], k)

    def prepare_filter(self, group):
        return q.Filter(must=conditions(group.expression))


def point(job, i):
    payload = {}
    for path, column in job.columns.items():
        form = str if column.text else int
        value = column.values[i]
        payload[path] = ([form(v) for v in value if v >= 0] if column.values.ndim > 1
                         else form(value))
    return q.Point(i, job.base[i].tolist(), payload)


def conditions(expression):
    (op, body), = expression.items()
    if op == "and":
        return [c for child in body for c in conditions(child)]
    if op == "range":
        ends = {end: float(body[end]) for end in ("gte", "lt") if end in body}
        return [q.FieldCondition(body["path"], range=q.RangeFloat(**ends))]
    if op == "eq":
        return [q.FieldCondition(body["path"], match=q.MatchValue(body["value"]))]
    return [q.FieldCondition(body["path"], match=q.MatchAny(body["values"]))]
