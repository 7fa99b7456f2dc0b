"""LanceDB: a table in a folder with IVF_HNSW_SQ and scalar indexes. One call per query."""

import os

import lancedb
import numpy as np
import pyarrow as pa

from peers.peer import Peer, padded


class Lancedb(Peer):
    per_call = True
    filter_form = "expression"

    def build(self, job):
        self.metric = "l2" if job.metric == "l2" else "dot"
        database = lancedb.connect(os.path.join(job.folder, "lancedb"))
        dim = job.base.shape[1]
        flat = pa.array(np.ascontiguousarray(job.base).ravel())
        columns = {"row": pa.array(np.arange(len(job.base))),
                   "vector": pa.FixedSizeListArray.from_arrays(flat, dim)}
        columns.update({path: arrow(c) for path, c in job.columns.items()})
        self.table = database.create_table("compare", pa.table(columns))
        self.table.create_index(metric=self.metric, vector_column_name="vector",
                                index_type=job.params["index"],
                                num_partitions=job.params.get("partitions", 1),
                                m=job.params["m"], ef_construction=job.params["ef_construction"])
        for path, column in job.columns.items():
            many = column.values.ndim > 1
            self.table.create_scalar_index(
                path, index_type="LABEL_LIST" if many else "BITMAP" if column.text else "BTREE")

    def search(self, queries, k, effort):
        return self.search_filtered(queries, k, effort, None)

    def search_filtered(self, queries, k, effort, prepared):
        refine = effort.get("refine", 3)
        ef = max(k * refine, effort["ef"])  # the library refuses less
        found = []
        for query in queries:
            search = (self.table.search(query, vector_column_name="vector")
                      .distance_type(self.metric).limit(k).nprobes(effort.get("nprobe", 1)).ef(ef)
                      .refine_factor(refine).select(["row"]))
            if prepared is not None:
                search = search.where(prepared, prefilter=True)
            found.append(search.to_arrow()["row"].to_numpy())
        return padded(found, k)

    def prepare_filter(self, group):
        return sql(group.expression)


def arrow(column):
    if column.values.ndim > 1:
        rows = [[str(v) for v in row if v >= 0] for row in column.values]
        return pa.array(rows, pa.list_(pa.string()))
    return pa.array([str(v) for v in column.values]) if column.text else pa.array(column.values)


def sql(expression):
    """DataFusion's language."""
    (op, body), = expression.items()
    if op == "and":
        return " AND ".join(sql(child) for child in body)
    if op == "range":
        ends = [(">=", body.get("gte")), ("<", body.get("lt"))]
        return " AND ".join(f"{body['path']} {sign} {end}" for sign, end in ends if end is not None)
    if op == "eq":
        return f"{body['path']} = '{body['value']}'"
    return f"array_has_any({body['path']}, [{', '.join(repr(v) for v in body['values'])}])"
