"""Zvec: HNSW, plain or over quantized codes with its refiner.

Uses query_internal_ids, the binding's low-latency path; one call per query, there is no batch.
"""

import os

import numpy as np
import zvec

from peers.peer import Peer, padded

QUANTIZERS = {"f32": zvec.QuantizeType.UNDEFINED, "int8": zvec.QuantizeType.INT8,
              "uint8": zvec.QuantizeType.UNIFORM_UINT8, "uint7": zvec.QuantizeType.UNIFORM_UINT7,
              "int4": zvec.QuantizeType.INT4, "f16": zvec.QuantizeType.FP16}
BATCH = 500


class Zvec(Peer):
    per_call = True
    filter_form = "expression"

    def build(self, job):
        zvec.init(log_level=zvec.LogLevel.ERROR, query_threads=1, optimize_threads=job.threads)
        path = os.path.join(job.folder, "zvec")
        # Rows of unit length are ordered by L2 as by dot product; uniform codes know L2 only.
        plain = job.metric == "l2" or job.params["codes"].startswith("uint")
        metric = zvec.MetricType.L2 if plain else zvec.MetricType.IP
        index = zvec.HnswIndexParam(
            metric_type=metric, m=job.params["m"], ef_construction=job.params["ef_construction"],
            quantize_type=QUANTIZERS[job.params["codes"]], use_contiguous_memory=True)
        schema = zvec.CollectionSchema(
            "compare", fields=[field_of(path, c) for path, c in job.columns.items()],
            vectors=[zvec.VectorSchema("vector", zvec.DataType.VECTOR_FP32, job.base.shape[1],
                                       index)])
        collection = zvec.create_and_open(path, schema)
        for first in range(0, len(job.base), BATCH):
            collection.insert([self._doc(job, i)
                               for i in range(first, min(first + BATCH, len(job.base)))])
        collection.optimize(zvec.OptimizeOption(concurrency=job.threads))
        collection.close()
        self.collection = zvec.open(path, zvec.CollectionOption(read_only=True))
        self.row_of = self._rows(len(job.base))
        self.refine = job.params["codes"] != "f32"

    def _doc(self, job, i):
        fields = {path: text_or_number(c, c.values[i]) for path, c in job.columns.items()}
        return zvec.Doc(id=str(i), vectors={"vector": job.base[i]}, fields=fields)

    def _rows(self, n):
        """Row by internal id."""
        keys = self.collection.resolve_internal_ids(np.arange(n, dtype=np.int64))
        if None in keys:
            raise RuntimeError("internal ids are not 0 to n - 1")
        return np.array([int(key) for key in keys], np.int64)

    def search(self, queries, k, effort):
        return self.search_filtered(queries, k, effort, None)

    def search_filtered(self, queries, k, effort, prepared):
        param = zvec.HnswQueryParam(ef=max(k, effort["ef"]), is_using_refiner=self.refine,
                                    scale_factor=effort.get("scale", 0.0))
        found = []
        for query in queries:
            ids = self.collection.query_internal_ids(
                zvec.Query("vector", vector=query, param=param), topk=k, filter=prepared)
            found.append(self.row_of[ids[ids >= 0]])
        return padded(found, k)

    def prepare_filter(self, group):
        return sql(group.expression)


def field_of(path, column):
    many = column.values.ndim > 1
    if column.text:
        kind = zvec.DataType.ARRAY_STRING if many else zvec.DataType.STRING
    else:
        kind = zvec.DataType.ARRAY_INT64 if many else zvec.DataType.INT64
    index = zvec.InvertIndexParam(enable_range_optimization=not column.text)
    return zvec.FieldSchema(path, kind, nullable=True, index_param=index)


def text_or_number(column, value):
    form = str if column.text else int
    return [form(v) for v in value if v >= 0] if column.values.ndim > 1 else form(value)


def sql(expression):
    """The filter language of Zvec."""
    (op, body), = expression.items()
    if op == "and":
        return " and ".join(sql(child) for child in body)
    if op == "range":
        ends = [(">=", body.get("gte")), ("<", body.get("lt"))]
        return " and ".join(f"{body['path']} {sign} {end}" for sign, end in ends if end is not None)
    if op == "eq":
        return f"{body['path']} = {literal(body['value'])}"
    return f"{body['path']} contain_any ({', '.join(map(literal, body['values']))})"


def literal(value):
    return f"'{value}'" if isinstance(value, str) else str(value)
