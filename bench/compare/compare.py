"""Runs the comparison; see README.md. Needs the virtual environment that `run` makes."""

import argparse
import importlib.metadata
import json
import os
import platform
import sys
import time
from pathlib import Path

import codes
import datasets
import filtered
import filters
import growth
import plots
import report
import serving
import unfiltered
import workers

HERE = Path(__file__).resolve().parent
PARTS = {"unfiltered": unfiltered.run, "filtered": filtered.run, "serving": serving.run,
         "codes": codes.run}
QUICK_ROWS = 10_000
QUICK_PEERS = ["hnswlib native", "faiss HNSW16 SQ8", "usearch i8", "svs Vamana32", "zvec HNSW int8",
               "qdrant"]
PACKAGES = ("hnswlib", "faiss-cpu", "usearch", "scalable-vs", "pyvsag", "zvec", "qdrant-edge-py",
            "lancedb", "rabitqlib", "numpy")


def make_parser():
    parser = argparse.ArgumentParser(prog="run", description=__doc__)
    add = parser.add_argument
    add("--only", nargs="+", choices=[*PARTS, "growth"],
        default=["unfiltered", "filtered", "serving"], help="parts to run")
    add("--sets", nargs="+", choices=sorted(datasets.SOURCES), default=["fashion-mnist", "text"])
    add("--peers", nargs="+", default=[], metavar="TEXT", help="only peers with TEXT in the name")
    add("--index", nargs="+", type=json.loads, metavar="JSON",
        default=[{"kind": "GRAPH"}, {"kind": "HNSW"}],
        help='index settings of Sagitta, as in a schema: \'{"kind": "HNSW", "hnsw": {"m": 16}}\'')
    add("--data", default=str(HERE.parents[2] / "shared" / "data"), help="folder of the text set")
    add("--build", default=str(HERE.parents[1] / "build" / "release"), help="CMake's build folder")
    add("--cache", default=str(HERE.parents[1] / "build" / "compare"), help="venv, sets, results")
    add("--out", help="folder of the results; default CACHE/results")
    add("--queries", type=int, help="per set; default 2000, quick 500")
    add("--rows", type=int, help="of each set, default all")
    add("--rounds", type=int, help="default 4, quick 2")
    add("--filter-queries", type=int, help="per cell; default 100, quick 30")
    add("--kinds", nargs="+", choices=filters.KINDS, default=list(filters.KINDS))
    add("--levels", nargs="+", type=int, choices=range(len(filters.SELECTIVITIES)),
        help=f"selectivities, by their place in {filters.SELECTIVITIES}")
    add("--passing-index", action=argparse.BooleanOptionalAction,
        help="build the index over the passing rows alone; default yes, quick no")
    add("--sizes", nargs="+", type=int, default=[10_000, 100_000, 1_000_000], help="of growth")
    add("--threads", type=int, default=2, help="for building")
    add("--simd", default="", help="kernel level that Sagitta is held to (SAGITTA_SIMD)")
    add("--quick", action="store_true", help="a look: fewer rows, queries and peers")
    return parser


def parse(arguments):
    """The options, with what --quick and the folders imply."""
    parser = make_parser()
    options = parser.parse_args(arguments)
    options.queries = options.queries or (500 if options.quick else 2000)
    options.rounds = options.rounds or (2 if options.quick else 4)
    options.filter_queries = options.filter_queries or (30 if options.quick else 100)
    options.levels = options.levels or (
        [2, 3] if options.quick else list(range(len(filters.SELECTIVITIES))))
    if options.passing_index is None:
        options.passing_index = not options.quick
    if options.quick:
        options.rows = options.rows or QUICK_ROWS
        options.peers = options.peers or QUICK_PEERS
    # Workers run in another folder.
    options.cache, options.build = os.path.abspath(options.cache), os.path.abspath(options.build)
    options.sites = Path(options.cache) / "sites"
    options.driver = Path(options.build) / "bench" / "compare" / "sagitta_driver"
    options.server = Path(options.build) / "src" / "server" / "sagittad"
    options.tool = Path(options.build) / "src" / "cli" / "sagitta"
    options.out = Path(options.out or Path(options.cache) / "results").absolute()
    options.chosen = lambda name: not options.peers or any(p in name for p in options.peers)
    if not options.driver.exists():
        parser.error(f"{options.driver} is not there: cmake --build it, target sagitta_driver")
    return options


def machine():
    with open("/proc/cpuinfo", encoding="utf-8") as f:
        lines = dict(line.split(":", 1) for line in f if ":" in line)
    info = {key.strip(): value.strip() for key, value in lines.items()}
    flags = set(info.get("flags", "").split())
    levels = ("avx2", "avx512f", "avx512bw", "avx512_vnni", "avx512_vpopcntdq")
    return {"cpu": f"{info.get('model name', platform.machine())} "
                   f"(family {info.get('cpu family')}, model {info.get('model')})",
            "cores": os.cpu_count(), "simd": " ".join(f for f in levels if f in flags),
            "system": platform.platform(), "python": platform.python_version()}


def versions(options):
    """Of the peers; hnswlib's two builds are outside the environment."""
    sites = [str(p) for p in sorted(options.sites.glob("*"))]
    found = {d.metadata["Name"].lower(): d.version
             for d in importlib.metadata.distributions(path=sys.path + sites)}
    return {package: found.get(package, "not installed") for package in PACKAGES}


def sagitta_version(options):
    process = workers.sagitta_process("sagitta", options)
    try:
        return process.call(op="version")
    finally:
        process.close()


def run_part(part, name, options, log):
    """What one part measures on one set; None when the set is not here."""
    try:
        dataset = datasets.prepare(name, options.cache, options.data, options.queries, options.rows)
    except datasets.Missing as e:
        log(f"SKIPPED set {name}: {e}")
        return None
    return PARTS[part](dataset, options, log)


def main():
    options = parse(sys.argv[1:])
    options.out.mkdir(parents=True, exist_ok=True)
    start = time.monotonic()

    def log(text):
        print(f"[{time.monotonic() - start:6.1f}] {text}", flush=True)

    measured = {"machine": machine(), "versions": versions(options),
                "sagitta": sagitta_version(options), "rounds": options.rounds,
                "arguments": sys.argv[1:]}
    for part in options.only:
        if part == "growth":
            results = iter([growth.run(options, log)])
        else:
            results = (run_part(part, name, options, log) for name in options.sets)
        measured[part] = []
        for result in results:
            measured[part] += [result] if result is not None else []
            (options.out / "measured.json").write_text(json.dumps(measured, indent=1))
    (options.out / "comparison.md").write_text(report.markdown(measured))
    for file in plots.write(measured, options.out):
        log(f"wrote {file}")
    log(f"wrote {options.out}/measured.json and {options.out}/comparison.md")


if __name__ == "__main__":
    main()
