"""A process with one peer's index: jobs and answers as lines of JSON, like the Sagitta driver.

    {"op": "build", "class": "hnswlib_peer.Hnswlib", "base": "base.npy", "metric": "l2",
     "params": {…}, "threads": 2, "folder": "/scratch"}
    {"op": "search", "queries": "q.npy", "k": 10, "params": {"ef": 64}, "ids": "found.i64"}
    {"op": "search", …, "filters": "f.json", "masks": "masks.npy"}
"""

import ctypes
import gc
import importlib
import json
import os
import sys
import time
from types import SimpleNamespace

import numpy as np


def resident_bytes():
    """Of this process, mapped files left out."""
    with open("/proc/self/status", encoding="ascii") as f:
        return 1024 * sum(int(line.split()[1]) for line in f if line.startswith("RssAnon"))


def trim():
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)


def load_columns(columns):
    return {c["path"]: SimpleNamespace(values=np.load(c["file"]), text=c.get("text", False))
            for c in columns}


class Worker:
    """Answers jobs; keeps the index between them."""

    def build(self, request):
        module, name = request["class"].rsplit(".", 1)
        self.peer = getattr(importlib.import_module(f"peers.{module}"), name)()
        # In memory of its own, as a caller of these libraries has it; not counted as the index's.
        base = np.load(request["base"])
        job = SimpleNamespace(base=base, metric=request["metric"], params=request["params"],
                              threads=request["threads"], folder=request["folder"],
                              columns=load_columns(request.get("columns", [])))
        trim()
        before = resident_bytes()
        start = time.monotonic()
        self.peer.build(job)
        seconds = time.monotonic() - start
        trim()
        return {"build_seconds": seconds, "rss_bytes": resident_bytes() - before,
                "told_bytes": self.peer.bytes_told(), "per_call": self.peer.per_call,
                "filter_form": self.peer.filter_form}

    def search(self, request):
        queries = np.load(request["queries"])
        k = request.get("k", 10)
        if "filters" in request:
            seconds, found = self.filtered(request, queries, k)
        else:
            start = time.monotonic()
            found = self.peer.search(queries, k, request["params"])
            seconds = time.monotonic() - start
        np.asarray(found, "<i8").tofile(request["ids"])
        return {"seconds": seconds}

    def filtered(self, request, queries, k):
        """Queries of one filter go together; making the library's form of a filter is not timed."""
        with open(request["filters"], encoding="utf-8") as f:
            file = json.load(f)
        of_query = np.asarray(file["of_query"])
        masks = np.load(request["masks"], mmap_mode="r")
        found = np.full((len(queries), k), -1, np.int64)
        seconds = 0.0
        for i, expression in enumerate(file["filters"]):
            mine = np.flatnonzero(of_query == i)
            mask = np.unpackbits(masks[i], count=file["rows"], bitorder="little").astype(bool)
            prepared = self.peer.prepare_filter(SimpleNamespace(expression=expression, mask=mask))
            asked = queries[mine]
            start = time.monotonic()
            rows = self.peer.search_filtered(asked, k, request["params"], prepared)
            seconds += time.monotonic() - start
            found[mine] = rows
        return seconds, found


def main():
    worker = Worker()
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)  # libraries that print do not disturb the answers
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = {"build": worker.build, "search": worker.search}[request["op"]](request)
        except Exception as e:  # noqa: BLE001: whatever a library raises is an answer
            answer = {"error": f"{type(e).__name__}: {e}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
