"""How queries per second at recall 0.95 fall as the generated set grows."""

import copy

import datasets
import measure
import unfiltered

RECALL = 0.95
RIVALS = ("hnswlib native",)  # where --peers names none


def run(options, log):
    options = copy.copy(options)
    if not options.peers:
        options.chosen = RIVALS.__contains__
    speeds, parts = {}, []
    for place, rows in enumerate(options.sizes):
        dataset = datasets.prepare("generated", options.cache, options.data, options.queries, rows)
        part = unfiltered.run(dataset, options, log)
        parts.append(part)
        for r in part["results"]:
            row = speeds.setdefault(r["name"], [None] * len(options.sizes))
            row[place] = measure.qps_at(r["points"], RECALL)
    return {"set": "generated", "sizes": options.sizes, "qps": speeds, "parts": parts}
