"""Search without filters: every index is built alone, then all are searched in turn."""

import numpy as np

import measure
import workers
from datasets import accepted_answers
from peers import catalog

ENOUGH = 0.9955   # a sweep ends at this recall
DULL = 0.85       # and later rounds leave out efforts below this one, unless none is above


class Contestant:
    """One index under measurement."""

    def __init__(self, name, process, efforts, built):
        self.name = name
        self.process = process
        self.efforts = efforts
        self.built = built
        self.rounds = []


def start_all(dataset, options, own, configs, log):
    """Builds everything that can be built here; (contestants, {name: why not}).

    own: (name, index settings, efforts) of Sagitta's."""
    started, skipped = [], {}

    def start(name, process, efforts, build):
        try:
            built = build(process)
        except workers.Failed as e:
            log(f"  SKIPPED {name}: {e}")
            skipped[name] = str(e)
            process.close()
            return
        log(f"  built {name} in {built['build_seconds']:.1f} s")
        started.append(Contestant(name, process, efforts, built))

    for name, index, efforts in own:
        start(name, workers.sagitta_process(name, options), efforts,
              lambda p, i=index: workers.build_sagitta(p, dataset, i, options))
    for config in configs:
        if options.chosen(config.name):
            start(config.name, workers.peer_process(config, options), config.efforts,
                  lambda p, c=config: workers.build_peer(p, c, dataset, options))
    return started, skipped


def sagitta_name(index):
    extra = {k: v for k, v in index.items() if k != "kind"}
    return "sagitta " + index["kind"] + ("" if not extra else " " + str(extra).replace("'", ""))


class Searches:
    """Runs one contestant's search of all queries and judges it."""

    def __init__(self, dataset, k=10):
        self.queries = dataset.path("queries")
        self.k = k
        self.accepted, self.wanted = accepted_answers(
            dataset.load("truth"), dataset.load("truth_distances"), k)

    def run(self, process, effort, **more):
        ids = f"{process.folder}/found.i64"
        answer = process.call(op="search", queries=self.queries, k=self.k, params=effort, ids=ids,
                              **more)
        found = np.fromfile(ids, "<i8").reshape(-1, self.k).tolist()
        return {"effort": effort, "qps": len(found) / answer["seconds"],
                "recall": measure.recall(found, self.accepted, self.wanted),
                **{key: answer[key] for key in ("p50_us", "p99_us", "distances_per_query")
                   if key in answer}}


def first_round(contestant, searches):
    """Rising effort until the recall is enough, or rises no more."""
    points = []
    for effort in contestant.efforts:
        points.append(searches.run(contestant.process, effort))
        if points[-1]["recall"] >= ENOUGH:
            break
        if len(points) > 4 and points[-1]["recall"] < points[-4]["recall"] + 5e-4:
            break
    contestant.rounds.append(points)


def later_round(contestant, searches):
    first = contestant.rounds[0]
    dull = [p for p in first if p["recall"] < min(DULL, first[-1]["recall"])]
    contestant.rounds.append([searches.run(contestant.process, p["effort"])
                              for p in first if p not in dull[:-1]])


def play(contestant, searches, one_round, skipped, log):
    """A round of one contestant. When it dies, its earlier rounds and the others' count."""
    try:
        one_round(contestant, searches)
    except workers.Failed as e:
        log(f"  SKIPPED {contestant.name} from here on: {e}")
        skipped[contestant.name] = f"after {len(contestant.rounds)} rounds: {e}"


def run(dataset, options, log):
    """Everything measured on one set, as the report takes it."""
    own = [(sagitta_name(index), index, catalog.sweep()) for index in options.index]
    base = dataset.load("base")
    integral = bool((base[:100] == np.round(base[:100])).all() and base[:100].min() >= 0)
    return run_these(dataset, options, own, catalog.unfiltered(dataset, integral), log)


def run_these(dataset, options, own, configs, log):
    log(f"{dataset.name}: {dataset.rows:,} x {dataset.dim}, {dataset.metric}, "
        f"{dataset.info['queries']} queries")
    contestants, skipped = start_all(dataset, options, own, configs, log)
    searches = Searches(dataset)
    try:
        for number in range(options.rounds):
            for contestant in contestants:
                if contestant.name not in skipped:
                    play(contestant, searches, later_round if number else first_round, skipped, log)
            log(f"  round {number + 1} of {options.rounds} done")
        results = [summary(c, dataset) for c in contestants if c.rounds]
    finally:
        for contestant in contestants:
            contestant.process.close()
    return {"set": dataset.name, "rows": dataset.rows, "dim": dataset.dim,
            "metric": dataset.metric, "queries": dataset.info["queries"], "results": results,
            "skipped": skipped}


def summary(contestant, dataset):
    built = contestant.built
    points = measure.best_of(contestant.rounds)
    return {"name": contestant.name, "build_seconds": built["build_seconds"],
            "bytes_per_row": bytes_per_row(built, dataset.rows), "built": built,
            "per_call": built.get("per_call", False), "points": points,
            "spread": spread(contestant.rounds)}


def bytes_per_row(built, rows):
    """Codes, links and rows that searches need: as told by the library, else resident memory."""
    if "space" in built:
        space = built["space"]
        parts = ("vectors", "codes", "links", "ids")
        return sum(space[f"{place}_{part}"] for place in ("memory", "mapped")
                   for part in parts) / rows
    return (built["told_bytes"] or built["rss_bytes"]) / rows


def spread(rounds):
    """Slowest over fastest repetition of each effort: how quiet the machine was; the median."""
    by_effort = {}
    for points in rounds:
        for p in points:
            by_effort.setdefault(str(p["effort"]), []).append(p["qps"])
    ratios = [min(v) / max(v) for v in by_effort.values() if len(v) > 1]
    return measure.percentile(ratios, 0.5) if ratios else None
