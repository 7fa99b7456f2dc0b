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

    def refused(self, call, request, field, given, allowed,
                code=grpc.StatusCode.INVALID_ARGUMENT):
        """The error names the field, what was given, and what is allowed."""
        with self.assertRaises(grpc.RpcError) as caught:
            call(request)
        error = caught.exception
        self.assertEqual(error.code(), code, error.details())
        if field:
            self.assertEqual(violations(error), [field], error.details())
        self.assertIn(given, error.details())
        self.assertIn(allowed, error.details())

    def refused_point(self, values, field, given, allowed, collection="good"):
        good = harness.point(7, [1, 2, 3, 4])
        request = self.upsert(collection, good, harness.point(8, values))
        self.refused(self.stubs.points.Upsert, request, "points[1].vectors." + field, given,
                     allowed)

    def count(self, collection):
        return self.stubs.points.Count(points_pb2.CountRequest(collection=collection)).count

    def test_wrong_dims(self):
        self.refused_point([1, 2, 3], "vector", "dim is 3", "has 4")
        self.refused_point([1, 2, 3, 4, 5], "vector", "dim is 5", "has 4")
        ragged = harness.point(1, [1, 2, 3, 4])
        ragged.point.vectors["vector"].data += b"x"
        self.refused(self.stubs.points.Upsert, self.upsert("good", ragged),
                     "points[0].vectors.vector.data", "17 bytes", "4")
        self.refused(self.stubs.queries.Query, self.query(vector=harness.vector([1, 2])),
                     "query.vector", "dim is 2", "has 4")
        create = self.stubs.collections.CreateCollection
        for dim in (0, 8193):
            self.refused(create, create_request(harness.schema("d", dim=dim)),
                         "schema.fields[0].dim", f"is {dim}", "1 to 8192")
        # The good point of a bad batch was not written either.
        self.assertEqual(self.count("good"), 1)

    def test_nan_and_infinity(self):
        nan, infinity = float("nan"), float("inf")
        self.refused_point([nan, 0, 0, 0], "vector[0]", "NaN", "finite")
        self.refused_point([0, 0, infinity, 0], "vector[2]", "infinite", "finite")
        self.refused(self.stubs.queries.Query, self.query(vector=harness.vector([0, nan, 0, 0])),
                     "query.vector[1]", "NaN", "finite")
        self.assertEqual(self.count("good"), 1)

    def test_zero_vector_with_cosine(self):
        self.refused_point([0, 0, 0, 0], "vector", "zero vector", "COSINE", collection="angles")
        query = self.query(vector=harness.vector([0, 0, 0, 0]))
        query.collection = "angles"
        self.refused(self.stubs.queries.Query, query, "query.vector", "zero vector", "COSINE")
        self.assertEqual(self.count("angles"), 0)

    def test_unknown_field(self):
        unknown = harness.point(1, [1, 2, 3, 4])
        unknown.point.vectors["other"].CopyFrom(harness.vector([1, 2, 3, 4]))
        self.refused(self.stubs.points.Upsert, self.upsert("good", unknown),
                     "points[0].vectors.other", "other", "has: vector")
        self.refused(self.stubs.queries.Query, self.query(field="other"), "query.field", "other",
                     "has: vector")

    def test_unknown_collection(self):
        self.refused(self.stubs.points.Count, points_pb2.CountRequest(collection="nowhere"), None,
                     "nowhere", "", code=grpc.StatusCode.NOT_FOUND)
        self.refused(self.stubs.points.Upsert,
                     self.upsert("nowhere", harness.point(1, [1, 2, 3, 4])), None, "nowhere", "",
                     code=grpc.StatusCode.NOT_FOUND)

    def test_names_outside_the_pattern(self):
        create = self.stubs.collections.CreateCollection
        for name in ("", "A", "-a", "_a", "a" * 65, "../up", "a b", "a.b", "ä"):
            pattern = "[a-z0-9][a-z0-9_-]{0,63}"
            self.refused(create, create_request(harness.schema(name)), "schema.name", name[:64],
                         pattern)
            if name:
                bad = harness.schema("d")
                bad.fields[0].name = name
                self.refused(create, create_request(bad), "schema.fields[0].name", name[:64],
                             pattern)
        create(create_request(harness.schema("a" * 64)))
        self.refused(create, create_request(harness.schema("good")), None, "good", "",
                     code=grpc.StatusCode.ALREADY_EXISTS)

    def test_k(self):
        query = self.stubs.queries.Query
        self.refused(query, self.query(k=0), "query.k", "is 0", "1–10000")
        self.refused(query, self.query(k=10 ** 9), "query.k", "is 1000000000", "1–10000")
        self.refused(query, self.query(k=9_000, offset=1_001), "query.offset", "10001", "10000")
        grouped = self.query(k=11, group_by=query_pb2.GroupBy(path="n", group_size=1_000))
        self.refused(query, grouped, "query.group_by.group_size", "11000", "10000")
        query(self.query(k=10_000))

    def test_filters_too_deep(self):
        def nested(depth):
            deep = types_pb2.Filter()
            node = deep
            for _ in range(depth - 1):
                node = node.negate
            node.exists.path = "n"
            return deep
        count = self.stubs.points.Count
        count(points_pb2.CountRequest(collection="good", filter=nested(32)))
        for depth in (33, 60):
            self.refused(count, points_pb2.CountRequest(collection="good", filter=nested(depth)),
                         "filter" + ".negate" * 32, "deep", "32")
            self.refused(self.stubs.queries.Query, self.query(filter=nested(depth)),
                         "query.filter" + ".negate" * 32, "deep", "32")

    def test_filters_too_large(self):
        def wide(nodes):
            result = types_pb2.Filter()
            for _ in range(nodes - 1):
                result.any_of.filters.add().exists.path = "n"
            return result
        count = self.stubs.points.Count
        count(points_pb2.CountRequest(collection="good", filter=wide(1_024)))
        self.refused(count, points_pb2.CountRequest(collection="good", filter=wide(1_025)),
                     "filter.any_of[1023]", "nodes", "1,024")

    def test_message_over_the_limit(self):
        request = self.upsert("good", harness.point(9, [1, 2, 3, 4], text="x" * (17 << 20)))
        self.refused(self.stubs.points.Upsert, request, None, str(request.ByteSize()),
                     str(16 << 20), code=grpc.StatusCode.RESOURCE_EXHAUSTED)
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

    def serve_damaged(self, server, segment):
        """It answers as before, says what is damaged, and makes it anew."""
        server.start()
        self.assertIn(segment.name, server.log())
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
        self.serve_damaged(server, segment)

    def test_flipped_bit(self):
        server, segment = self.sealed()
        data = bytearray(segment.read_bytes())
        data[len(data) // 3] ^= 0x10
        segment.write_bytes(data)
        self.serve_damaged(server, segment)

    def test_damaged_snapshot(self):
        server, _ = self.sealed()
        server.start()
        snapshot = self.tool_json(server, "snapshot", "create", "rows")
        files = [p for p in server.data_dir.rglob("*") if p.is_file() and snapshot["id"] in p.parts]
        largest = max(files, key=lambda p: p.stat().st_size)
        data = bytearray(largest.read_bytes())
        data[len(data) // 2] ^= 1
        largest.unlink()  # the live data may share it
        largest.write_bytes(data)
        self.tool(server, "snapshot", "restore", snapshot["id"], "again", code=1)
        self.assertIn("DATA_LOSS", self.tool_errors)
        self.assertIn(largest.name, self.tool_errors)
        names = [c["name"] for c in self.tool_json(server, "collection", "list")]
        self.assertEqual(sorted(names), ["other", "rows"])
        self.assertEqual(server.stop(), 0)

    def test_missing_segment(self):
        server, segment = self.sealed()
        segment.unlink()
        self.serve_damaged(server, segment)


class FreeDiskTest(harness.TestCase):
    """Below min_free_disk, wherever the tests run."""

    def test_writes_are_refused_with_the_reason(self):
        server = self.serve("data")
        stubs = self.connect(server)
        stubs.collections.CreateCollection(create_request(harness.schema("rows")))
        request = points_pb2.UpsertRequest(collection="rows",
                                           points=[harness.point(1, [1, 2, 3, 4])])
        stubs.points.Upsert(request)
        self.assertEqual(server.stop(), 0)
        server.flags = ["--min-free-disk", "1000TiB"]
        server.start()
        stubs = self.connect(server)
        with self.assertRaises(grpc.RpcError) as caught:
            stubs.points.Upsert(request)
        error = caught.exception
        self.assertEqual(error.code(), grpc.StatusCode.RESOURCE_EXHAUSTED, error.details())
        self.assertIn(str(server.data_dir), error.details())
        self.assertIn("1099511627776000", error.details().replace(",", ""))
        count = points_pb2.CountRequest(collection="rows")
        self.assertEqual(stubs.points.Count(count).count, 1)
        self.assertEqual(server.stop(), 0)


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
