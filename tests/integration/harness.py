"""Starts sagittad and runs sagitta for the tests: loopback, free ports, ended by pid."""
import json
import os
import pathlib
import shutil
import signal
import struct
import subprocess
import sys
import tempfile
import time
import unittest
import urllib.error
import urllib.request

sys.path.insert(0, os.environ["SAGITTA_PYTHON_PROTOCOL"])

import grpc  # noqa: E402
from sagitta.v1 import admin_pb2, admin_pb2_grpc  # noqa: E402,F401
from sagitta.v1 import collections_pb2, collections_pb2_grpc  # noqa: E402,F401
from sagitta.v1 import points_pb2, points_pb2_grpc  # noqa: E402,F401
from sagitta.v1 import query_pb2, query_pb2_grpc  # noqa: E402,F401
from sagitta.v1 import types_pb2  # noqa: E402,F401

SERVER = os.environ["SAGITTA_SERVER"]
TOOL = os.environ["SAGITTA_TOOL"]
SOURCE = pathlib.Path(os.environ["SAGITTA_SOURCE"])
START_SECONDS = 60


def clean_environment():
    """Without SAGITTA_* of whoever runs the tests: the programs read those."""
    return {k: v for k, v in os.environ.items() if not k.startswith("SAGITTA_")}


class Server:
    """One sagittad. `start` returns when it serves; `stop` ends it and gives its exit code."""

    def __init__(self, data_dir, *flags, environment=None):
        self.data_dir = pathlib.Path(data_dir)
        self.flags = list(flags)
        self.environment = environment or {}
        self.process = None
        self.address = self.http = None

    def start(self):
        port_file = self.data_dir.parent / (self.data_dir.name + ".ports")
        port_file.unlink(missing_ok=True)
        self.log_path = self.data_dir.parent / (self.data_dir.name + ".log")
        with open(self.log_path, "ab") as log:
            self.process = subprocess.Popen(
                [SERVER, "--data-dir", str(self.data_dir), "--listen", "127.0.0.1:0",
                 "--http-listen", "127.0.0.1:0", "--port-file", str(port_file), *self.flags],
                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                env={**clean_environment(), **self.environment})
        end = time.monotonic() + START_SECONDS
        while not (port_file.exists() and port_file.read_text().strip()):
            if self.process.poll() is not None:
                raise AssertionError(
                    f"sagittad ended with {self.process.returncode}:\n{self.log()}")
            if time.monotonic() > end:
                raise AssertionError(
                    f"sagittad does not serve after {START_SECONDS} s:\n{self.log()}")
            time.sleep(0.01)
        ports = json.loads(port_file.read_text())
        self.address, self.http = (f"127.0.0.1:{ports[name]}" for name in ("grpc", "http"))
        assert ports["pid"] == self.process.pid, ports
        return self

    def log(self):
        return self.log_path.read_text(errors="replace")

    def signal(self, number):
        self.process.send_signal(number)

    def wait(self, seconds=60):
        return self.process.wait(seconds)

    def stop(self):
        """SIGTERM; the exit code."""
        if self.process is None or self.process.poll() is not None:
            return self.process.returncode if self.process else None
        self.signal(signal.SIGTERM)
        return self.wait()

    def kill(self):
        """kill -9."""
        if self.process and self.process.poll() is None:
            self.signal(signal.SIGKILL)
            self.wait()

    def get(self, path):
        """(status, body) of the HTTP port."""
        try:
            with urllib.request.urlopen(f"http://{self.http}{path}", timeout=10) as response:
                return response.status, response.read().decode()
        except urllib.error.HTTPError as error:
            with error:
                return error.code, error.read().decode()

    def channel(self):
        return grpc.insecure_channel(self.address)


class TestCase(unittest.TestCase):
    """Gives each test a directory and ends every server that it started."""

    def setUp(self):
        self.directory = pathlib.Path(tempfile.mkdtemp(prefix="sagitta-integration-"))
        self.servers = []
        self.addCleanup(shutil.rmtree, self.directory, ignore_errors=True)
        self.addCleanup(self.end_servers)

    def end_servers(self):
        for server in self.servers:
            server.kill()

    def serve(self, name="data", *flags, environment=None):
        server = Server(self.directory / name, *flags, environment=environment)
        self.servers.append(server)
        return server.start()

    def connect(self, server):
        channel = server.channel()
        self.addCleanup(channel.close)
        return Stubs(channel)

    def run_server(self, *arguments, environment=None, seconds=30):
        """A run of sagittad that is expected to end by itself."""
        return subprocess.run([SERVER, *arguments], capture_output=True, text=True, timeout=seconds,
                              stdin=subprocess.DEVNULL,
                              env={**clean_environment(), **(environment or {})})

    def tool(self, server, *arguments, code=0, stdin="", environment=None):
        """Runs sagitta against the server; standard output."""
        done = subprocess.run([TOOL, "--address", server.address, *arguments], capture_output=True,
                              text=True, timeout=120, input=stdin,
                              env={**clean_environment(), **(environment or {})})
        self.assertEqual(done.returncode, code,
                         f"sagitta {' '.join(arguments)}\n{done.stdout}\n{done.stderr}")
        self.tool_errors = done.stderr
        return done.stdout

    def tool_json(self, server, *arguments, **options):
        return json.loads(self.tool(server, *arguments, "--output", "json", **options))


class Stubs:
    def __init__(self, channel):
        self.collections = collections_pb2_grpc.CollectionServiceStub(channel)
        self.points = points_pb2_grpc.PointServiceStub(channel)
        self.queries = query_pb2_grpc.QueryServiceStub(channel)
        self.admin = admin_pb2_grpc.AdminServiceStub(channel)


def vector(values):
    data = struct.pack(f"<{len(values)}f", *values)
    return types_pb2.Vector(dtype=types_pb2.DTYPE_F32, data=data)


def schema(name, dim=4, metric=collections_pb2.METRIC_L2, **fields):
    result = collections_pb2.CollectionSchema(name=name, **fields)
    result.fields.add(name="vector", dim=dim, metric=metric)
    return result


def point(number, values, **payload):
    result = points_pb2.UpsertPoint()
    result.point.id.u64 = number
    result.point.vectors["vector"].CopyFrom(vector(values))
    for key, value in payload.items():
        if isinstance(value, bool):
            result.point.payload[key].bool_value = value
        elif isinstance(value, int):
            result.point.payload[key].int64_value = value
        elif isinstance(value, float):
            result.point.payload[key].double_value = value
        else:
            result.point.payload[key].string_value = value
    return result


def ids_of(hits):
    return [hit.point.id.u64 for hit in hits]
