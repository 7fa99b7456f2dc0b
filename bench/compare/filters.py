"""The filters of the suite, after the FANNS benchmark (arXiv 2507.21989). Standard library only.

Kinds: "match" (one value of a keyword), "in set" (a value among those of a multi-valued field),
"range", and "ranges" (two at once). Every kind comes at every selectivity, and in three relations
to the query: the rows that pass are near it, anywhere, or far from it.

Every attribute is a place on a line of SCALE integers that rows fill evenly, so that a window of a
share of the line lets that share of the rows through. Columns:
    u, v        a random place: nothing to do with vectors
    p, r        the rank along the first and second principal component: near vectors, near places
    u0 … u5     keyword: u cut into windows of the width of each selectivity; p0 … p5 likewise
    tags        keywords, many per row: v and r cut into windows, all widths in one field
"""

import math

SCALE = 1_000_000
SELECTIVITIES = (0.0001, 0.001, 0.01, 0.1, 0.5, 0.9)
KINDS = ("match", "range", "in set", "ranges")
CORRELATIONS = ("near", "any", "far")
MAX_WINDOWS = 100_000  # of one selectivity in the code of a tag


def width(selectivity):
    return max(1, round(SCALE * selectivity))


def window(centre, share):
    """[low, high) of that share of the line around `centre`, moved inside the line."""
    size = width(share)
    low = min(max(0, centre - size // 2), SCALE - size)
    return low, low + size


def bucket(place, selectivity):
    """The number of the whole window that holds `place`; what is left over at the end is the last's
    neighbour and belongs to none."""
    return min(place // width(selectivity), SCALE // width(selectivity) - 1)


def bucket_of_row(place, selectivity):
    """As `bucket`, but rows left over at the end have a number of their own."""
    return place // width(selectivity)


def tag(source, level, number):
    """Code of a window of v (source 0) or r (1) at SELECTIVITIES[level]."""
    return (source * len(SELECTIVITIES) + level) * MAX_WINDOWS + number


def centre_of(correlation, own, draw):
    """Where the window of a query at place `own` goes; `draw` is a random place."""
    return {"near": own, "any": draw, "far": (own + SCALE // 2) % SCALE}[correlation]


def expression(kind, level, correlation, own, draw):
    """The filter of one query, as JSON. own: its places (p, r); draw: two random places."""
    selectivity = SELECTIVITIES[level]
    first, second = (centre_of(correlation, o, d) for o, d in zip(own, draw, strict=True))
    source = 0 if correlation == "any" else 1
    if kind == "match":
        return {"eq": {"path": f"{'up'[source]}{level}", "value": str(bucket(first, selectivity))}}
    if kind == "in set":
        value = str(tag(source, level, bucket(second, selectivity)))
        return {"in": {"path": "tags", "values": [value]}}
    if kind == "range":
        return between("up"[source], first, selectivity)
    share = math.sqrt(selectivity)
    return {"and": [between("up"[source], first, share), between("vr"[source], second, share)]}


def between(path, centre, share):
    low, high = window(centre, share)
    return {"range": {"path": path, "gte": low, "lt": high}}
