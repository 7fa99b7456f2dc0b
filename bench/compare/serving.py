"""The same collection searched in process and through `sagittad`, by one caller and by sixteen;
and by sixteen while the compactor builds its index anew."""

import json
import os
import shutil
import subprocess
import tempfile
import time

import numpy as np

import unfiltered
import workers

CALLERS = (1, 16)
RECALL = 0.95
START_SECONDS = 60
# What makes the compactor build every index anew: another value than the default.
REBUILDS = {"GRAPH": ["--build-width", "144"], "HNSW": ["--ef-construction", "210"],
            "IVF_FLAT": ["--nlist", "200"]}


class Server:
    """sagittad over a data directory, on free loopback ports, ended by its process id."""

    def __init__(self, program, data_dir):
        ports = data_dir + ".ports"
        self.log = open(data_dir + ".log", "w", encoding="utf-8")
        self.process = subprocess.Popen(
            [str(program), "--data-dir", data_dir, "--listen", "127.0.0.1:0", "--http-listen",
             "127.0.0.1:0", "--port-file", ports],
            stdin=subprocess.DEVNULL, stdout=self.log, stderr=self.log)
        end = time.monotonic() + START_SECONDS
        while not (os.path.exists(ports) and os.path.getsize(ports)):
            if self.process.poll() is not None or time.monotonic() > end:
                self.stop()
                raise workers.Failed(f"sagittad does not serve; see {data_dir}.log")
            time.sleep(0.02)
        with open(ports, encoding="utf-8") as f:
            self.address = f"127.0.0.1:{json.load(f)['grpc']}"

    def stop(self):
        self.process.terminate()
        self.process.wait(60)
        self.log.close()


def run(dataset, options, log):
    log(f"{dataset.name} in process and through gRPC")
    rows, skipped = [], {}
    for index in options.index:
        name = unfiltered.sagitta_name(index)
        folder = tempfile.mkdtemp(prefix="serving-", dir=options.cache)
        try:
            rows += measure_index(name, index, dataset, options, os.path.join(folder, "data"))
        except workers.Failed as e:
            log(f"  SKIPPED {name}: {e}")
            skipped[name] = str(e)
        finally:
            shutil.rmtree(folder)
    return {"set": dataset.name, "rows": rows, "skipped": skipped}


def measure_index(name, index, dataset, options, data_dir):
    searches = unfiltered.Searches(dataset)
    driver = workers.sagitta_process(name, options)
    try:
        driver.call(op="build", dir=data_dir, base=dataset.path("base"), columns=[],
                    schema=workers.sagitta_schema(dataset, index), threads=options.threads,
                    search_threads=0)
        effort = enough(driver, searches)
        direct = {n: best(driver, searches, effort, n, options.rounds) for n in CALLERS}
    finally:
        driver.close()
    server = Server(options.server, data_dir)
    driver = workers.sagitta_process(name, options)
    try:
        driver.call(op="connect", address=server.address)
        served = {n: best(driver, searches, effort, n, options.rounds) for n in CALLERS}
        rebuilding = {} if index["kind"] not in REBUILDS else while_rebuilding(
            driver, searches, effort, max(CALLERS), index, server.address, options)
    finally:
        driver.close()
        server.stop()
    rows = [{"name": name, "ef": effort["ef"], "callers": n, "direct_qps": direct[n]["qps"],
             "grpc_qps": served[n]["qps"], "recall": served[n]["recall"],
             "direct_p50_us": direct[n]["p50_us"], "direct_p99_us": direct[n]["p99_us"],
             "p50_us": served[n]["p50_us"], "p99_us": served[n]["p99_us"]} for n in CALLERS]
    rows[-1].update(rebuilding)
    return rows


def while_rebuilding(driver, searches, effort, callers, index, address, options):
    """p50 and p99 of the searches between a change of the index's settings and the moment when
    every segment has the new index."""
    tool = [str(options.tool), "--address", address, "--quiet"]
    taken = np.empty(0)
    micros = f"{driver.folder}/taken.f64"
    subprocess.run([*tool, "collection", "update", "compare", *REBUILDS[index["kind"]]],
                   check=True, stdout=subprocess.DEVNULL)
    with subprocess.Popen([*tool, "--timeout", "600", "compact", "wait", "compare"],
                          stdout=subprocess.DEVNULL) as rebuild:
        while rebuild.poll() is None:
            searches.run(driver, effort, callers=callers, micros=micros)
            taken = np.append(taken, np.fromfile(micros, "<f8"))
    if rebuild.returncode:
        raise workers.Failed(f"sagitta compact wait: exit code {rebuild.returncode}")
    return {"rebuilding_searches": len(taken), "rebuilding_p50_us": float(np.median(taken)),
            "rebuilding_p99_us": float(np.percentile(taken, 99))}


def enough(driver, searches):
    """The least effort with recall 0.95."""
    for effort in unfiltered.catalog.sweep():
        if searches.run(driver, effort)["recall"] >= RECALL:
            break
    return effort


def best(driver, searches, effort, callers, rounds):
    searches.run(driver, effort, callers=callers)  # connections and caches warm
    return max((searches.run(driver, effort, callers=callers) for _ in range(rounds)),
               key=lambda p: p["qps"])
