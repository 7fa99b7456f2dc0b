"""The arithmetic of the comparison: recall, Pareto frontiers, speed at a recall.

Standard library only.

A point is a dict with at least "recall" (0-1) and "qps" (queries per second of one thread).
"""

import math


def recall(found, accepted, wanted):
    """Mean over queries of |found and accepted| / wanted.

    found: per query the rows an index returned; negative = none. accepted: per query the rows
    that are right, more than `wanted` of them where several are equally far at the end. wanted:
    per query how many right answers there are to find, min(k, rows that pass). Queries that want
    nothing do not count; with none left the recall is 1.
    """
    total = 0.0
    count = 0
    for rows, right, want in zip(found, accepted, wanted, strict=True):
        if want == 0:
            continue
        hits = len({row for row in rows if row >= 0} & set(right))
        total += min(hits, want) / want
        count += 1
    return total / count if count else 1.0


def pareto(points):
    """The points that no other beats in both recall and speed, by rising recall."""
    frontier = []
    for point in sorted(points, key=lambda p: (-p["recall"], -p["qps"])):
        if not frontier or point["qps"] > frontier[-1]["qps"]:
            frontier.append(point)
    return frontier[::-1]


def qps_at(points, target):
    """Queries per second at recall `target`, or None where no point reaches it.

    Between the two neighbours on the Pareto frontier the logarithm of the speed is taken as linear
    in recall. Where every point is above the target, the fastest one counts: effort that cannot be
    lowered further is not extrapolated.
    """
    frontier = pareto(points)
    above = [p for p in frontier if p["recall"] >= target]
    if not above:
        return None
    high = above[0]
    below = [p for p in frontier if p["recall"] < target]
    if not below or high["recall"] == target:
        return high["qps"]
    low = below[-1]
    share = (target - low["recall"]) / (high["recall"] - low["recall"])
    return math.exp(math.log(low["qps"]) * (1 - share) + math.log(high["qps"]) * share)


def effort_at(points, target):
    """The effort of the fastest measured point with at least that recall, or None."""
    above = [p for p in pareto(points) if p["recall"] >= target]
    return above[0]["effort"] if above else None


def best_of(rounds):
    """One list of points out of several rounds of them: per effort the fastest repetition.

    Recall is that of the fastest one; an index that is deterministic has the same in all.
    """
    best = {}
    for points in rounds:
        for point in points:
            key = tuple(sorted(point["effort"].items()))
            if key not in best or point["qps"] > best[key]["qps"]:
                best[key] = point
    return list(best.values())


def percentile(values, share):
    """The value below which `share` (0-1) of them lie; the nearest rank."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def growth_exponent(sizes, speeds):
    """Slope of log(1/speed) over log(size), least squares: 0 = constant, 1 = linear scan."""
    xs = [math.log(size) for size in sizes]
    ys = [-math.log(speed) for speed in speeds]
    mean_x = sum(xs) / len(xs)
    mean_y = sum(ys) / len(ys)
    covariance = sum((x - mean_x) * (y - mean_y) for x, y in zip(xs, ys))
    return covariance / sum((x - mean_x) ** 2 for x in xs)
