"""Recall against queries per second, and growth, as SVG. Needs matplotlib; says so without it."""

import itertools

import measure

try:
    import matplotlib
    matplotlib.use("svg")
    from matplotlib import pyplot
except ImportError:
    pyplot = None

MARKERS = "osv^D<>pPX*h"


def write(measured, folder):
    """The files written, none where matplotlib is not installed."""
    if pyplot is None:
        print("SKIPPED plots: matplotlib is not installed")
        return []
    matplotlib.rcParams["svg.hashsalt"] = "compare"  # the same figures make the same file
    matplotlib.rcParams["svg.fonttype"] = "none"     # text stays text
    files = [recall_plot(part, folder) for part in measured.get("unfiltered", [])]
    return files + [growth_plot(part, folder) for part in measured.get("growth", [])]


def contestant(name):
    """A library is one line, the best of its configurations; every index of Sagitta's is one."""
    return name if name.startswith("sagitta") else name.split()[0]


def width(name):
    return 2.5 if name.startswith("sagitta") else 1


def recall_plot(part, folder):
    points = {}
    for r in part["results"]:
        points.setdefault(contestant(r["name"]), []).extend(r["points"])
    figure, axes = pyplot.subplots(figsize=(9, 5.5))
    for marker, name in zip(itertools.cycle(MARKERS), sorted(points)):
        frontier = [p for p in measure.pareto(points[name]) if p["recall"] >= 0.85]
        axes.plot([p["recall"] for p in frontier], [p["qps"] for p in frontier], marker=marker,
                  label=name, markersize=4, linewidth=width(name))
    axes.set_yscale("log")
    axes.set_xlabel("recall@10")
    axes.set_ylabel("queries per second, one thread")
    axes.set_title(f"{part['set']}, {part['rows']:,} x {part['dim']}, {part['metric']}; "
                   "of each library its best configurations")
    return finish(figure, axes, folder / f"recall-{part['set']}.svg")


def growth_plot(part, folder):
    figure, axes = pyplot.subplots(figsize=(7, 5))
    for name, qps in part["qps"].items():
        known = [(n, v) for n, v in zip(part["sizes"], qps) if v]
        axes.plot(*zip(*known), marker="o", label=name,
                  linewidth=width(name))
    axes.set_xscale("log")
    axes.set_yscale("log")
    axes.set_xlabel("rows")
    axes.set_ylabel("queries per second at recall@10 0.95, one thread")
    axes.set_title(part["set"])
    return finish(figure, axes, folder / f"growth-{part['set']}.svg")


def finish(figure, axes, path):
    axes.grid(True, which="both", alpha=0.3)
    axes.legend(fontsize=7, loc="center left", bbox_to_anchor=(1, 0.5))
    figure.savefig(path, bbox_inches="tight", metadata={"Date": None})
    pyplot.close(figure)
    return path
