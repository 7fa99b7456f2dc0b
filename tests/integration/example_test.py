"""examples/python/client.py and the README's examples do what they say, as they are printed."""
import os
import re
import shutil
import struct
import subprocess
import sys
import unittest

import grpc
import harness
from harness import query_pb2, query_pb2_grpc, types_pb2


def readme_block(heading, language):
    """The first block of code of `language` after a heading."""
    text = (harness.SOURCE / "README.md").read_text()
    section = text[text.index(f"\n## {heading}\n"):]
    return re.search(rf"```{language}\n(.*?)```", section, re.S).group(1)


class Array:
    """As much of a numpy array as the README's Python uses."""

    def __init__(self, values):
        self.values = values

    def astype(self, dtype):
        assert dtype == "<f4", dtype
        return self

    def tobytes(self):
        return struct.pack(f"<{len(self.values)}f", *self.values)


class ExampleTest(harness.TestCase):
    def test_python_client(self):
        server = self.serve("data")
        done = subprocess.run(
            [sys.executable, "-B", str(harness.SOURCE / "examples/python/client.py"),
             server.address],
            capture_output=True, text=True, timeout=60,
            env={**harness.clean_environment(),
                 "PYTHONPATH": os.environ["SAGITTA_PYTHON_PROTOCOL"]})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertIn("nearest", done.stdout)
        self.assertEqual(server.stop(), 0)

    def test_python_client_makes_its_stubs_as_it_says(self):
        text = (harness.SOURCE / "examples/python/client.py").read_text()
        command = re.search(r"\n    (mkdir .*?)\n    PYTHONPATH", text, re.S).group(1)
        shutil.copytree(harness.SOURCE / "proto", self.directory / "proto")
        subprocess.run(["bash", "-ec", command], cwd=self.directory, check=True, timeout=60)
        self.assertTrue((self.directory / "gen/sagitta/v1/query_pb2_grpc.py").exists())
        self.assertTrue((self.directory / "gen/google/rpc/status_pb2.py").exists())

    def test_readme(self):
        """The tool's commands, then the Python lines on what they made."""
        server = self.serve("data")
        header = repr({"descr": "<f4", "fortran_order": False, "shape": (2, 4)}).encode()
        (self.directory / "embeddings.npy").write_bytes(
            b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header) + 1) + header + b"\n" +
            struct.pack("<8f", *range(1, 9)))
        lines = readme_block("With the command-line tool", "").splitlines()
        commands = "\n".join(line.removeprefix("$ ") for line in lines
                             if not line.startswith("$ sagittad"))
        done = subprocess.run(
            ["bash", "-ec", commands], cwd=self.directory, capture_output=True, text=True,
            timeout=60,
            env={**harness.clean_environment(), "SAGITTA_ADDRESS": server.address,
                 "PATH": f"{os.path.dirname(harness.TOOL)}:{os.environ['PATH']}"})
        self.assertEqual(done.returncode, 0, done.stdout + done.stderr)
        self.assertRegex(done.stdout, r"\b2\b.*1974")
        self.assertNotIn("1939", done.stdout)
        found = []
        with grpc.insecure_channel(server.address) as channel:
            exec(readme_block("By plain gRPC, from Python", "python"), {
                "query_pb2": query_pb2, "query_pb2_grpc": query_pb2_grpc, "types_pb2": types_pb2,
                "channel": channel, "embedding": Array([1, 0.1, 0, 0.1]),
                "print": lambda id, score: found.append(id.u64)})
        self.assertEqual(found, [1, 2])
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
