"""Scans of all rows by codes alone, at the same bytes a row: 1, 2 and 4 bits an element."""

import unfiltered
from peers import catalog

BITS = (1, 2, 4)
TRANSFORM_SHARES = (0.75, 0.88, 1.0)
# As many candidates as answers: stored vectors decide their order, not which they are.
ALONE = {"oversampling": 1.0}
TOGETHER = {**ALONE, "batch": 64}


def own(dataset, data_bytes):
    """Sagitta's codecs of so many bytes a row; TRANSFORM, which finds more in as many, in fewer."""
    codecs = [(data_bytes, {"kind": "RABITQ", "bits": 8 * data_bytes // dataset.dim}),
              (data_bytes, {"kind": "PQ", "pieces": 2 * data_bytes})]
    codecs += [(size, {"kind": "TRANSFORM", "bytes": size})
               for size in (int(data_bytes * share) for share in TRANSFORM_SHARES)]
    return [(f"sagitta FLAT_CODES {codec['kind']} {size} B",
             {"kind": "FLAT_CODES", "codec": codec}, [ALONE, TOGETHER]) for size, codec in codecs]


def run(dataset, options, log):
    """As unfiltered.run gives it, and of every contestant what a code takes: "code_bytes"."""
    sizes = [dataset.dim * bits // 8 for bits in BITS]
    part = unfiltered.run_these(dataset, options, [c for size in sizes for c in own(dataset, size)],
                                [c for bits in BITS for c in catalog.codes(dataset, bits)], log)
    for result in part["results"]:
        result["code_bytes"] = code_bytes(result, dataset.rows)
    part["results"] = [one for result in part["results"] for one in apart(result)]
    return part


def apart(result):
    """What was measured of queries one by one, and of batches of them, as a result each."""
    batched = [p for p in result["points"] if "batch" in p["effort"]]
    single = [p for p in result["points"] if "batch" not in p["effort"]]
    if not batched:
        return [result]
    return [{**result, "points": single},
            {**result, "points": batched, "name": result["name"] + catalog.BATCHES}]


def code_bytes(result, rows):
    """Without stored vectors and ids, of a row."""
    built = result["built"]
    if "space" in built:
        return (built["space"]["memory_codes"] + built["space"]["mapped_codes"]) / rows
    return (built["told_bytes"] or built["rss_bytes"]) / rows
