"""Bad input and faults: each gets an error that names what is wrong, and harms nothing else."""
import os
import pathlib
import shutil
import struct
import subprocess
import unittest

import grpc
import harness
from harness import collections_pb2, points_pb2, query_pb2, types_pb2

from google.rpc import error_details_pb2, status_pb2

USAGE_CONFIG = 78  # sysexits: configuration error


def violations(error):
    """Fields named by google.rpc.BadRequest in the error's details."""
    for key, value in error.trailing_metadata():
        if key == "grpc-status-details-bin":
            status = status_pb2.Status.FromString(value)
            for detail in status.details:
                bad = error_details_pb2.BadRequest()
                if detail.Unpack(bad):
                    return [v.field for v in bad.field_violations]
    return []


def create_request(schema):
    return collections_pb2.CreateCollectionRequest(schema=schema)


class RequestTest(harness.TestCase):
    """One server; every bad request is refused with its field, and the good data stays."""

    def setUp(self):
        super().setUp()
        self.server = self.serve("data")
        self.stubs = self.connect(self.server)
        self.create("good")
        self.create("angles", metric=collections_pb2.METRIC_COSINE)
        self.stubs.points.Upsert(self.upsert("good", harness.point(1, [1, 0, 0, 0], n=1)))

    def create(self, name, **options):
        self.stubs.collections.CreateCollection(create_request(harness.schema(name, **options)))

    def upsert(self, collection, *points):
        return points_pb2.UpsertRequest(collection=collection, points=points)

    def query(self, **fields):
        query = query_pb2.Query(**fields)
        if not query.HasField("vector"):
            query.vector.CopyFrom(harness.vector([1, 0, 0, 0]))
        return query_pb2.QueryRequest(collection="good", query=query)

    def refused(self, call, request, field, code=grpc.StatusCode.INVALID_ARGUMENT):
        with self.assertRaises(grpc.RpcError) as caught:
            call(request)
        error = caught.exception
        self.assertEqual(error.code(), code, error.details())
        if field:
            named = violations(error)
            self.assertTrue(any(field in name for name in named), f"{named}: {error.details()}")
        self.assertTrue(error.details())

    def test_vectors(self):
        upsert = self.stubs.points.Upsert
        nan, infinity = float("nan"), float("inf")
        for values in ([1, 2, 3], [1, 2, 3, 4, 5], [nan, 0, 0, 0], [0, 0, infinity, 0]):
            good = harness.point(7, [1, 2, 3, 4])
            self.refused(upsert, self.upsert("good", good, harness.point(8, values)), "points[1]")
        self.refused(upsert, self.upsert("angles", harness.point(1, [0, 0, 0, 0])), "points[0]")
        unknown = harness.point(1, [1, 2, 3, 4])
        unknown.point.vectors["other"].CopyFrom(harness.vector([1, 2, 3, 4]))
        self.refused(upsert, self.upsert("good", unknown), "other")
        ragged = harness.point(1, [1, 2, 3, 4])
        ragged.point.vectors["vector"].data += b"x"
        self.refused(upsert, self.upsert("good", ragged), "points[0]")
        # None of it was written, the good point of a bad batch neither.
        self.assertEqual(self.count("good"), 1)

    def count(self, collection):
        return self.stubs.points.Count(points_pb2.CountRequest(collection=collection)).count

    def test_names(self):
        create = self.stubs.collections.CreateCollection
        for name in ("", "A", "-a", "a" * 65, "../up", "a b", "ä"):
            self.refused(create, create_request(harness.schema(name)), "name")
        self.refused(create, create_request(harness.schema("d", dim=0)), "dim")
        self.refused(create, create_request(harness.schema("d", dim=8193)), "dim")
        self.refused(create, create_request(harness.schema("good")), None,
                     grpc.StatusCode.ALREADY_EXISTS)
        self.refused(self.stubs.points.Count, points_pb2.CountRequest(collection="nowhere"), None,
                     grpc.StatusCode.NOT_FOUND)

    def test_queries(self):
        query = self.stubs.queries.Query
        self.refused(query, self.query(k=0), "k")
        self.refused(query, self.query(k=10 ** 9), "k")
        self.refused(query, self.query(vector=harness.vector([1, 2])), "vector")
        self.refused(query, self.query(field="other"), "field")

    def test_filters(self):
        deep = types_pb2.Filter()
        node = deep
        for _ in range(40):
            node = node.negate
        node.exists.path = "n"
        self.refused(self.stubs.queries.Query, self.query(filter=deep), "filter")
        wide = types_pb2.Filter()
        for _ in range(1_100):
            wide.any_of.filters.add().exists.path = "n"
        self.refused(self.stubs.queries.Query, self.query(filter=wide), "filter")

    def test_message_over_the_limit(self):
        request = self.upsert("good", harness.point(9, [1, 2, 3, 4], text="x" * (17 << 20)))
        self.refused(self.stubs.points.Upsert, request, None, grpc.StatusCode.RESOURCE_EXHAUSTED)
        self.assertEqual(self.count("good"), 1)


class StartTest(harness.TestCase):
    """What sagittad refuses to start with."""

    def test_public_bind_without_keys(self):
        done = self.run_server("--data-dir", str(self.directory / "data"), "--listen", "0.0.0.0:0")
        self.assertEqual(done.returncode, USAGE_CONFIG, done.stderr)
        self.assertIn("listen", done.stderr)

    def test_unknown_setting(self):
        config = self.directory / "bad.toml"
        config.write_text("[server]\nlisen = \"127.0.0.1:0\"\n")
        done = self.run_server("--config", str(config), "--check-config")
        self.assertEqual(done.returncode, USAGE_CONFIG, done.stderr)
        self.assertIn("bad.toml:2", done.stderr)
        self.assertIn("listen", done.stderr)

    def test_good_configuration(self):
        config = self.directory / "good.toml"
        config.write_text("[server]\nlisten = \"127.0.0.1:0\"\n")
        done = self.run_server("--config", str(config), "--check-config")
        self.assertEqual(done.returncode, 0, done.stderr)

    def test_directory_already_open(self):
        server = self.serve("data")
        done = self.run_server("--data-dir", str(server.data_dir), "--listen", "127.0.0.1:0",
                               "--http-listen", "127.0.0.1:0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn(str(server.process.pid), done.stderr + done.stdout)
        self.assertEqual(server.get("/healthz")[0], 200)

    def test_newer_format(self):
        server = self.serve("data")
        self.assertEqual(server.stop(), 0)
        marker = [p for p in server.data_dir.iterdir()
                  if p.is_file() and "FORMAT" in p.name.upper()]
        self.assertEqual(len(marker), 1, list(server.data_dir.iterdir()))
        text = marker[0].read_text()
        version = next(word for word in text.replace("=", " ").split() if word.isdigit())
        marker[0].write_text(text.replace(version, "9999"))
        done = self.run_server("--data-dir", str(server.data_dir), "--listen", "127.0.0.1:0",
                               "--http-listen", "127.0.0.1:0")
        self.assertNotEqual(done.returncode, 0)
        self.assertIn("9999", done.stderr + done.stdout)


class DamageTest(harness.TestCase):
    def sealed(self):
        """A server with one sealed segment of 300 rows, stopped; its segment file."""
        server = self.serve("data")
        stubs = self.connect(server)
        stubs.collections.CreateCollection(create_request(harness.schema("rows")))
        stubs.collections.CreateCollection(create_request(harness.schema("other")))
        points = [harness.point(i, [i, i % 7, i % 5, 1.0]) for i in range(300)]
        stubs.points.Upsert(points_pb2.UpsertRequest(collection="rows", points=points))
        stubs.points.Upsert(points_pb2.UpsertRequest(collection="other", points=points[:3]))
        self.tool(server, "compact", "start", "rows", "--wait")
        self.assertEqual(server.stop(), 0)
        files = sorted((p for p in server.data_dir.rglob("*")
                        if p.is_file() and "segments" in p.parts),
                       key=lambda p: p.stat().st_size)
        self.assertTrue(files, "no segment file")
        return server, files[-1]

    def serve_damaged(self, server):
        server.start()
        stubs = self.connect(server)
        query = query_pb2.QueryRequest(collection="rows")
        query.query.vector.CopyFrom(harness.vector([100.2, 2, 0, 1.0]))
        query.query.k = 3
        response = stubs.queries.Query(query)
        self.assertEqual(response.hits[0].point.id.u64, 100)
        self.assertEqual(stubs.points.Count(points_pb2.CountRequest(collection="rows")).count, 300)
        self.assertEqual(stubs.points.Count(points_pb2.CountRequest(collection="other")).count, 3)
        # The compactor makes the segment anew.
        self.tool(server, "compact", "wait", "rows")
        response = stubs.queries.Query(query)
        self.assertEqual(response.hits[0].point.id.u64, 100)
        self.assertEqual(response.info.segments_degraded, 0)
        self.assertEqual(server.stop(), 0)

    def test_truncated_segment(self):
        server, segment = self.sealed()
        os.truncate(segment, segment.stat().st_size // 2)
        self.serve_damaged(server)

    def test_flipped_bit(self):
        server, segment = self.sealed()
        data = bytearray(segment.read_bytes())
        data[len(data) // 3] ^= 0x10
        segment.write_bytes(data)
        self.serve_damaged(server)

    def test_missing_segment(self):
        server, segment = self.sealed()
        segment.unlink()
        self.serve_damaged(server)


class DiskFullTest(harness.TestCase):
    """A small tmpfs, where mounting is allowed."""

    def setUp(self):
        super().setUp()
        self.mount = self.directory / "small"
        self.mount.mkdir()
        done = subprocess.run(["mount", "-t", "tmpfs", "-o", "size=96m", "tmpfs", str(self.mount)],
                              capture_output=True, text=True)
        if done.returncode != 0:
            self.skipTest(f"cannot mount a tmpfs here: {done.stderr.strip()}")
        self.addCleanup(subprocess.run, ["umount", str(self.mount)], check=False)
        self.addCleanup(self.end_servers)

    def test_writes_are_refused_and_reads_go_on(self):
        server = harness.Server(self.mount / "data", "--min-free-disk", "24MiB")
        self.servers.append(server)
        server.start()
        stubs = self.connect(server)
        stubs.collections.CreateCollection(create_request(harness.schema("full", dim=1024)))
        written, refusal = 0, None
        for batch in range(400):
            request = points_pb2.UpsertRequest(collection="full")
            for i in range(64):
                number = batch * 64 + i
                vector = [float(number % 97)] * 1023 + [float(i)]
                request.points.append(harness.point(number, vector))
            try:
                stubs.points.Upsert(request)
                written += 64
            except grpc.RpcError as error:
                refusal = error
                break
        self.assertIsNotNone(refusal, f"{written} points fit into 96 MiB")
        self.assertEqual(refusal.code(), grpc.StatusCode.RESOURCE_EXHAUSTED, refusal.details())
        self.assertGreater(written, 0)
        count = points_pb2.CountRequest(collection="full")
        self.assertEqual(stubs.points.Count(count).count, written)
        query = query_pb2.QueryRequest(collection="full")
        query.query.vector.CopyFrom(harness.vector([0.0] * 1024))
        self.assertEqual(len(stubs.queries.Query(query).hits), 10)
        # Room again, writes again, without a restart.
        subprocess.run(["mount", "-o", "remount,size=512m", str(self.mount)], check=True)
        stubs.points.Upsert(points_pb2.UpsertRequest(
            collection="full", points=[harness.point(10 ** 6, [1.0] * 1024)]))
        self.assertEqual(stubs.points.Count(count).count, written + 1)
        server.kill()
        server.start()
        self.assertEqual(self.connect(server).points.Count(count).count, written + 1)
        self.assertEqual(server.stop(), 0)


if __name__ == "__main__":
    unittest.main()
