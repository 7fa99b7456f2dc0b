"""Processes that hold one index each and answer jobs: Sagitta's driver, and one worker per peer."""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

HERE = Path(__file__).resolve().parent


class Failed(Exception):
    """A job was refused, or its process died; the text says which."""


class Process:
    """One process that speaks lines of JSON. Its scratch folder goes with it."""

    def __init__(self, name, command, cache, environment=None):
        self.name = name
        self.folder = tempfile.mkdtemp(prefix="index-", dir=cache)
        self.log = open(os.path.join(self.folder, "log"), "w+", encoding="utf-8")
        self.process = subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self.log,
            env={**os.environ, **(environment or {})}, text=True, cwd=HERE)

    def call(self, **request):
        try:
            self.process.stdin.write(json.dumps(request) + "\n")
            self.process.stdin.flush()
            line = self.process.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            raise Failed(f"{self.name} died: {self.last_words()}")
        answer = json.loads(line)
        if "error" in answer:
            raise Failed(f"{self.name}: {answer['error']}")
        return answer

    def last_words(self):
        self.process.wait()
        self.log.seek(0)
        lines = [line for line in self.log.read().splitlines() if line.strip()]
        return " | ".join(lines[-3:]) or f"exit code {self.process.returncode}"

    def close(self):
        self.process.stdin.close()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.process.kill()
            self.process.wait()
        self.process.stdout.close()
        self.log.close()
        shutil.rmtree(self.folder, ignore_errors=True)


def peer_process(config, options):
    """The worker of a peer's configuration; a peer that is installed twice says which by `site`."""
    environment = {"OMP_NUM_THREADS": str(options.threads), "OPENBLAS_NUM_THREADS": "1"}
    if config.site:
        environment["PYTHONPATH"] = str(Path(options.sites) / config.site)
    return Process(config.name, [sys.executable, "-B", str(HERE / "worker.py")], options.cache,
                   environment)


def sagitta_process(name, options):
    environment = {"SAGITTA_SIMD": options.simd} if options.simd else {}
    return Process(name, [str(options.driver)], options.cache, environment)


def build_peer(process, config, dataset, options, columns=()):
    return process.call(op="build", **{"class": config.cls}, base=dataset.path("base"),
                        metric=dataset.metric, params=config.params, threads=options.threads,
                        folder=process.folder, columns=list(columns))


def sagitta_schema(dataset, index, columns=()):
    """The collection's schema in the JSON form that the library itself writes."""
    metric = {"l2": "L2", "ip": "INNER_PRODUCT"}[dataset.metric]
    return {"format": 1, "name": "compare", "shards": 1,
            "fields": [{"name": "v", "dim": dataset.dim, "metric": metric, "storage": "F32",
                        "index": index}],
            "indexes": [{"path": c["path"], "kind": "KEYWORD" if c["text"] else "INT64"}
                        for c in columns]}


def build_sagitta(process, dataset, index, options, columns=()):
    return process.call(op="build", dir=os.path.join(process.folder, "data"),
                        base=dataset.path("base"), columns=list(columns),
                        schema=sagitta_schema(dataset, index, columns), threads=options.threads)
