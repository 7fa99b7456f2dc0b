"""Both programs from a user's side: what the README shows, and what an operator does."""
import json
import math
import random
import signal
import struct
import threading
import time
import unittest

import grpc
import harness
from harness import admin_pb2, collections_pb2, points_pb2, query_pb2, types_pb2


def write_npy(path, rows):
    """float32, C order."""
    header = repr({"descr": "<f4", "fortran_order": False, "shape": (len(rows), len(rows[0]))})
    header = (header + " " * (-(len(header) + 11) % 64) + "\n").encode()
    with open(path, "wb") as file:
        file.write(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header)
        for row in rows:
            file.write(struct.pack(f"<{len(row)}f", *row))


class ToolTest(harness.TestCase):
    def setUp(self):
        super().setUp()
        self.server = self.serve("data")
        self.rows = [[float(i), float(i % 10), 0.0, 1.0] for i in range(1_000)]

    def load(self, name="books"):
        file = self.directory / "rows.npy"
        payloads = self.directory / "payloads.jsonl"
        write_npy(file, self.rows)
        payloads.write_text("".join(
            json.dumps({"tens": i // 10, "even": i % 2 == 0, "name": f"book {i}"}) + "\n"
            for i in range(len(self.rows))))
        self.tool(self.server, "collection", "create", name, "--dim", "4", "--metric", "L2",
                  "--payload-index", "tens:int64")
        self.tool(self.server, "import", str(file), "--collection", name,
                  "--payload-file", str(payloads))

    def count(self, name, *options):
        return self.tool_json(self.server, "points", "count", name, *options)["count"]

    def nearest(self, name, *options):
        result = self.tool_json(self.server, "query", name,
                                "--vector", "[500.1, 0, 0, 1]", "-k", "3", *options)
        return [str(hit["id"]) for hit in result["hits"]]

    def test_import_query_export(self):
        self.load()
        self.assertEqual(self.count("books"), 1_000)
        sevens = '{"eq": {"path": "tens", "value": 7}}'
        self.assertEqual(self.count("books", "--filter", sevens), 10)
        exact = self.nearest("books", "--exact")
        self.assertEqual(exact[0], "500")
        self.assertEqual(self.nearest("books"), exact)
        filtered = self.nearest("books", "--filter", '{"range": {"path": "tens", "gte": 90}}')
        self.assertEqual(filtered[0], "900")
        # What is exported and imported again is the same.
        file = self.directory / "books.jsonl"
        self.tool(self.server, "export", str(file), "--collection", "books")
        self.assertEqual(len(file.read_text().splitlines()), 1_000)
        self.tool(self.server, "collection", "create", "copy", "--dim", "4", "--metric", "L2")
        self.tool(self.server, "import", str(file), "--collection", "copy")
        again = self.directory / "copy.jsonl"
        self.tool(self.server, "export", str(again), "--collection", "copy")
        strip = [{k: v for k, v in json.loads(line).items() if k != "version"}
                 for line in file.read_text().splitlines()]
        self.assertEqual(strip, [{k: v for k, v in json.loads(line).items() if k != "version"}
                                 for line in again.read_text().splitlines()])

    def test_packed_bits(self):
        self.tool(self.server, "collection", "create", "prints",
                  "--field", "hash:12:HAMMING:BINARY_FLAT:BITS")
        rows = [(i % 256, i // 256) for i in range(1_000)]
        file = self.directory / "packed.npy"
        header = repr({"descr": "|u1", "fortran_order": False, "shape": (len(rows), 2)})
        header = (header + " " * (-(len(header) + 11) % 64) + "\n").encode()
        file.write_bytes(b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header +
                         bytes(byte for row in rows for byte in row))
        self.tool(self.server, "import", str(file), "--collection", "prints")
        hits = self.tool_json(self.server, "query", "prints", "-k", "9",
                              "--vector", '"ff01"')["hits"]
        self.assertEqual([(hit["id"], hit["score"]) for hit in hits[:1]], [(511, 0)])
        self.assertEqual({hit["score"] for hit in hits[1:]}, {1})
        ones = "[1,1,1,1,1,1,1,1,1,0,0,0]"
        self.assertEqual(self.tool_json(self.server, "query", "prints", "--vector", ones, "-k", "9")
                         ["hits"], hits)
        point = self.tool_json(self.server, "points", "get", "prints", "511", "--with-vectors")
        self.assertIn('"ff01"', json.dumps(point))
        self.assertEqual(self.tool_json(self.server, "query", "prints", "--vectors", str(file),
                                        "--row", "511", "-k", "9")["hits"], hits)
        # Both forms of export come back.
        for name in ("copy.npy", "copy.jsonl"):
            copy = self.directory / name
            self.tool(self.server, "export", str(copy), "--collection", "prints")
            self.tool(self.server, "collection", "create", name.replace(".", "-"),
                      "--field", "hash:12:JACCARD:AUTO:BITS")
            self.tool(self.server, "import", str(copy), "--collection", name.replace(".", "-"))
            self.assertEqual(self.count(name.replace(".", "-")), 1_000)
        self.tool(self.server, "query", "prints", "--vector", '"ff10"', code=1)
        self.assertIn("beyond the field's 12", self.tool_errors)
        for wrong in ("hash:12:L2:AUTO:BITS", "hash:12:HAMMING:FLAT:BITS", "hash:12:HAMMING"):
            self.tool(self.server, "collection", "create", "bad", "--field", wrong, code=1)

    def test_two_stages(self):
        self.tool(self.server, "collection", "create", "pairs",
                  "--field", "hash:8:HAMMING:AUTO:BITS", "--field", "v:2:L2")
        points = [json.dumps({"id": i, "vectors": {"hash": f"{(1 << i) - 1:02x}", "v": [9 - i, 0]}})
                  for i in range(8)]
        self.tool(self.server, "points", "upsert", "pairs", *points)
        arguments = ("query", "pairs", "--field", "hash", "--vector", '"00"', "-k", "2",
                     "--rerank-field", "v", "--rerank-vector", "[0, 0]")
        result = self.tool_json(self.server, *arguments, "--rerank-candidates", "5", "--explain")
        self.assertEqual([(hit["id"], hit["score"]) for hit in result["hits"]], [(4, 5), (3, 6)])
        result = self.tool_json(self.server, *arguments)
        self.assertEqual([hit["id"] for hit in result["hits"]], [7, 6])
        self.assertIn("rerank of 8 points", self.tool(self.server, *arguments, "--explain"))
        self.tool(self.server, *arguments, "--rerank-candidates", "1", code=1)
        self.tool(self.server, *arguments[:-2], code=2)

    def test_places_words_and_objects(self):
        self.tool(self.server, "collection", "create", "shops", "--dim", "2",
                  "--payload-index", "at:geo", "--payload-index", "says:text,stemmer=english")
        for number in range(20):
            payload = {"at": {"lon": 2 + number / 10, "lat": 48},
                       "says": "We repair shoes" if number % 2 else "They repaired a hat",
                       "sells": [{"what": "hat", "price": number}, {"what": "shoe", "price": 9}]}
            self.tool(self.server, "points", "upsert", "shops",
                      json.dumps({"id": number, "vector": [number, 1], "payload": payload}))
        expected = {
            '{"geo_radius": {"path": "at", "center": [2.5, 48], "radius_m": 8000}}': 3,
            '{"geo_box": {"path": "at", "west": 2.05, "south": 40, "east": 2.45, "north": 50}}': 4,
            '{"geo_polygon": {"path": "at", "exterior": [[1, 47], [3, 47], [3, 49], [1, 49]]}}': 11,
            '{"match": {"path": "says", "text": "repairing shoe"}}': 10,
            '{"match": {"path": "says", "text": "repaired a hat", "mode": "phrase"}}': 10,
            '{"match": {"path": "says", "text": "hats shoes", "mode": "any"}}': 20,
            '{"nested": {"path": "sells", "filter": {"and": ['
            '{"eq": {"path": "what", "value": "hat"}},'
            '{"range": {"path": "price", "gte": 9}}]}}}': 11,
        }
        for words, count in expected.items():
            self.assertEqual(self.count("shops", "--filter", words), count, words)
        schema = self.tool_json(self.server, "collection", "get", "shops")
        self.assertIn("english", json.dumps(schema))
        self.tool(self.server, "collection", "create", "copy", "--schema", json.dumps(schema))
        self.assertIn("says:TEXT,stemmer=english",
                      self.tool(self.server, "collection", "get", "copy"))
        self.tool(self.server, "payload-index", "drop", "shops", "says")
        self.tool(self.server, "payload-index", "create", "shops", "says", "text,stop=a")
        self.assertEqual(self.count("shops", "--filter",
                                    '{"match": {"path": "says", "text": "repaired a hat"}}'), 10)
        self.assertEqual(self.count("shops", "--filter",
                                    '{"match": {"path": "says", "text": "shoe"}}'), 0)

    def test_compact_stats_snapshot_alias(self):
        self.load()
        self.tool(self.server, "compact", "start", "books", "--wait")
        stats = self.connect(self.server).admin.GetStats(
            admin_pb2.GetStatsRequest(collection="books"))
        books = stats.collections[0]
        self.assertTrue(books.indexed)
        self.assertEqual(books.points, 1_000)
        self.assertEqual(sum(shard.unsealed_rows for shard in books.shards), 0)
        self.assertIn("books", self.tool(self.server, "stats"))
        snapshot = self.tool_json(self.server, "snapshot", "create", "books")
        self.tool(self.server, "points", "delete", "books", "--filter",
                  '{"range": {"path": "tens", "lt": 50}}', "--yes")
        self.assertEqual(self.count("books"), 500)
        self.tool(self.server, "snapshot", "restore", snapshot["id"], "books-then")
        self.assertEqual(self.count("books-then"), 1_000)
        self.tool(self.server, "collection", "alias", "set", "current", "books")
        self.assertEqual(self.count("current"), 500)
        self.tool(self.server, "collection", "alias", "set", "current", "books-then")
        self.assertEqual(self.count("current"), 1_000)
        # After a restart too.
        self.assertEqual(self.server.stop(), 0)
        self.server.start()
        self.assertEqual(self.count("current"), 1_000)
        self.assertEqual(self.nearest("current")[0], "500")
        self.assertEqual(self.nearest("books", "--exact")[0], "500")
        self.tool(self.server, "snapshot", "delete", snapshot["id"], "--yes")
        self.assertEqual(self.tool_json(self.server, "snapshot", "list"), [])

    def test_models(self):
        # Near four of sixteen directions, so that there is something to learn.
        rows = [[sum(math.sin((1 + k) * i) * math.cos((3 + 7 * k) * d) for k in range(4))
                 + 0.05 * math.sin(31 * i + 17 * d) for d in range(16)] for i in range(400)]
        noisy = [[x + 0.1 * math.cos(13 * i + d) for d, x in enumerate(row)]
                 for i, row in enumerate(rows)]
        documents, queries = self.directory / "documents.npy", self.directory / "queries.npy"
        write_npy(documents, rows)
        write_npy(queries, noisy)
        self.tool(self.server, "collection", "create", "texts", "--dim", "16",
                  "--metric", "COSINE")
        self.tool(self.server, "import", str(documents), "--collection", "texts")
        # On pairs; then what was published codes the collection.
        job = self.tool_json(self.server, "models", "train", "codes", "texts", "--bits", "2",
                             "--hidden", "0", "--steps", "30", "--batch", "64",
                             "--held-out", "0.2", "--queries", str(queries),
                             "--documents", str(documents), "--wait")
        self.assertIn("published codes@1", job["note"])
        self.assertEqual(len(job["losses"]), 30)
        model = self.tool_json(self.server, "models", "show", "codes@1")
        self.assertGreaterEqual(model["after"]["coded"], model["before"]["coded"])
        self.assertIn("codes@1", self.tool(self.server, "models", "list"))
        jobs = self.tool(self.server, "jobs")
        self.assertIn("published codes@1", jobs)
        self.assertIn("loss ", jobs)
        self.tool(self.server, "collection", "update", "texts", "--index", "FLAT_CODES",
                  "--codec", "LEARNED", "--codec-model", "codes@1")
        self.tool(self.server, "compact", "start", "texts", "--wait")
        self.assertIn("model=codes@1", self.tool(self.server, "collection", "list"))
        found = self.tool_json(self.server, "query", "texts", "--vector", json.dumps(rows[7]))
        self.assertEqual(str(found["hits"][0]["id"]), "7")
        self.tool(self.server, "models", "delete", "codes@1", "--yes", code=1)
        self.assertIn("texts", self.tool_errors)
        # Out, in, measured, deleted.
        file = self.directory / "codes.model"
        self.tool(self.server, "models", "export", "codes@1", str(file))
        copy = self.tool_json(self.server, "models", "import", "copy", str(file))
        self.assertEqual((copy["name"], copy["version"]), ("copy", 1))
        found = self.tool_json(self.server, "models", "evaluate", "copy@1", "texts")
        self.assertGreater(found["model"]["float_query"], 0.3)
        file.write_bytes(file.read_bytes()[:-1])
        self.tool(self.server, "models", "import", "copy", str(file), code=1)
        self.assertIn("data", self.tool_errors)
        self.tool(self.server, "models", "delete", "copy@1", "--yes")
        # On its own vectors, cancelled.
        job = self.tool_json(self.server, "models", "train", "slow", "texts",
                             "--steps", "1000000")["job"]
        self.tool(self.server, "jobs", "--cancel", str(job))
        self.tool(self.server, "jobs", "--cancel", "999999", code=1)
        self.assertEqual(len(self.tool_json(self.server, "models", "list")), 1)

    def test_another_embedding_model(self):
        numbers = random.Random(7)
        rows = [[numbers.gauss(0, 1) for d in range(16)] for i in range(400)]
        # The other model: of 20 dims, each a mix of two of these.
        other = [[row[d % 16] - 0.5 * row[(d * 5 + 3) % 16] + 0.4 for d in range(20)]
                 for row in rows]
        old, new = self.directory / "old.npy", self.directory / "new.npy"
        write_npy(old, rows)
        write_npy(new, other)
        self.tool(self.server, "collection", "create", "texts", "--dim", "16",
                  "--metric", "COSINE")
        self.tool(self.server, "import", str(old), "--collection", "texts", "--id-offset", "1000")
        # From points of the collection, and from files.
        job = self.tool_json(self.server, "models", "train-adapter", "map", "texts",
                             "--from", str(new), "--id-offset", "1000", "--wait")
        self.assertIn("published map@1", job["note"])
        job = self.tool_json(self.server, "models", "train-adapter", "map", "texts", "--kind",
                             "procrustes", "--from", str(new), "--to", str(old), "--wait")
        self.assertIn("map@2", job["note"])
        model = self.tool_json(self.server, "models", "show", "map@1")
        self.assertEqual((model["kind"], model["adapter"], model["dim"], model["to_dim"]),
                         ("ADAPTER", "RIDGE", 20, 16))
        listed = self.tool(self.server, "models", "list")
        self.assertIn("PROCRUSTES", listed)
        self.tool(self.server, "models", "train-adapter", "map", "texts", "--from", str(new),
                  code=1)
        self.assertIn("points[0]", self.tool_errors)
        # Queries and points of the new model, in the old one's collection.
        found = self.tool_json(self.server, "query", "texts", "--vector", json.dumps(other[7]),
                               "--adapter", "map@1")
        self.assertEqual(str(found["hits"][0]["id"]), "1007")
        self.tool(self.server, "query", "texts", "--vector", json.dumps(other[7]), code=1)
        self.assertIn("dim is 20", self.tool_errors)
        self.tool(self.server, "query", "texts", "--id", "1007", "--adapter", "map@1", code=2)
        self.tool(self.server, "import", str(new), "--collection", "texts", "--adapter", "map@1",
                  "--limit", "10")
        self.tool(self.server, "points", "upsert", "texts",
                  json.dumps({"id": 77, "vector": other[3], "adapter": "map@1"}))
        stored = self.tool_json(self.server, "points", "get", "texts", "77", "3",
                                "--with-vectors")
        self.assertEqual(*[point["vectors"] for point in stored])
        self.tool(self.server, "models", "delete", "map@1", "--yes")
        self.tool(self.server, "query", "texts", "--vector", json.dumps(other[7]),
                  "--adapter", "map@1", code=1)
        self.assertIn("vector.adapter", self.tool_errors)

    def test_tune(self):
        rows = [[math.sin((1 + d) * i) * math.exp(-d / 8) for d in range(32)] for i in range(2_000)]
        file, queries = self.directory / "rows.npy", self.directory / "queries.npy"
        write_npy(file, rows)
        write_npy(queries, [[x + 0.01 for x in row] for row in rows[:30]])
        self.tool(self.server, "collection", "create", "waves", "--dim", "32")
        self.tool(self.server, "import", str(file), "--collection", "waves")
        svg = self.directory / "plot.svg"
        text = self.tool(self.server, "tune", "waves", "--budget", "20%", "--queries-file",
                         str(queries), "--svg", str(svg))
        self.assertIn("bytes of memory a row", text)
        self.assertIn("RAW RECALL", text)
        self.assertIn("</svg>", svg.read_text(encoding="utf-8"))
        report = self.tool_json(self.server, "tune", "waves", "--target-recall", "0.9",
                                "--apply", "--yes")
        best = report["options"][0]
        self.assertGreaterEqual(best["recall"], 0.9)
        self.tool(self.server, "compact", "wait", "waves")
        schema = self.tool_json(self.server, "collection", "get", "waves")
        self.assertEqual(schema["fields"][0]["index"]["kind"], best["index"]["kind"])
        found = self.tool_json(self.server, "query", "waves", "--vector", json.dumps(rows[7]))
        self.assertEqual(str(found["hits"][0]["id"]), "7")
        self.tool(self.server, "tune", "waves", "--budget", "10", code=1)
        self.assertIn("at least about", self.tool_errors)
        self.tool(self.server, "tune", "waves", "--budget", "much", code=2)
        self.tool(self.server, "tune", "waves", "--field", "other", code=2)
        # Nobody can be asked here: that is said before anything is measured.
        measured = self.tool(self.server, "tune", "waves", "--budget", "20%", "--apply", code=2)
        self.assertEqual(measured, "")
        self.assertIn("--apply needs --yes", self.tool_errors)
        self.tool(self.server, "collection", "create", "empty", "--dim", "32")
        self.tool(self.server, "tune", "empty", "--budget", "20%", code=1)
        self.assertIn("no points", self.tool_errors)

    def test_settings_change_while_serving(self):
        self.load()
        self.tool(self.server, "compact", "start", "books", "--wait")
        for kind in ("FLAT", "HNSW", "IVF_FLAT", "IVF_PQ", "GRAPH"):
            self.tool(self.server, "collection", "update", "books", "--index", kind)
            self.tool(self.server, "compact", "wait", "books")
            stats = self.connect(self.server).admin.GetStats(
                admin_pb2.GetStatsRequest(collection="books"))
            kinds = {i for s in stats.collections[0].shards for seg in s.segments
                     for i in seg.indexes if seg.state == "sealed"}
            self.assertEqual(kinds, {kind})
            self.assertEqual(self.nearest("books")[0], "500", kind)

    def test_exit_codes(self):
        self.tool(self.server, "points", "count", "nowhere", code=1)
        self.tool(self.server, "collection", "create", "x", "--dim", "nine", code=2)
        self.tool(self.server, "import", "/nonexistent.npy", "--collection", "x", code=66)
        bad = self.directory / "bad.npy"
        bad.write_bytes(b"\x93NUMPY garbage")
        self.tool(self.server, "collection", "create", "x", "--dim", "4", "--metric", "L2")
        self.tool(self.server, "import", str(bad), "--collection", "x", code=65)
        self.assertEqual(self.server.stop(), 0)
        self.tool(self.server, "health", code=69)

    def test_completion(self):
        self.assertIn("collection", self.tool(self.server, "completion", "bash"))


class ServerTest(harness.TestCase):
    def test_health_metrics_and_drain(self):
        server = self.serve("data")
        self.assertEqual(server.get("/healthz")[0], 200)
        self.assertEqual(server.get("/readyz")[0], 200)
        self.tool(server, "health")
        stubs = self.connect(server)
        stubs.collections.CreateCollection(
            collections_pb2.CreateCollectionRequest(schema=harness.schema("books")))
        stubs.points.Upsert(points_pb2.UpsertRequest(
            collection="books", points=[harness.point(1, [1, 2, 3, 4])]))
        status, metrics = server.get("/metrics")
        self.assertEqual(status, 200)
        for name in ("sagitta_build_info", "sagitta_points", "sagitta_grpc_server_handled_total",
                     "sagitta_grpc_server_handling_seconds", "sagitta_memory_bytes"):
            self.assertIn(name, metrics)
        self.assertEqual(server.get("/nothing")[0], 404)
        done = self.run_server("--healthcheck", "--listen", server.address,
                               "--http-listen", server.http)
        self.assertEqual(done.returncode, 0, done.stderr)
        # A stream is under way when the server is asked to stop.
        stop, answers = threading.Event(), []

        def requests():
            number = 0
            while not stop.is_set():
                number += 1
                yield points_pb2.UpsertStreamRequest(batch=number, upsert=points_pb2.UpsertRequest(
                    collection="books", points=[harness.point(number, [1, 2, 3, 4])]))

        def stream():
            try:
                for answer in stubs.points.UpsertStream(requests()):
                    if answer.HasField("result"):
                        answers.append(answer.batch)
            except grpc.RpcError:
                pass

        thread = threading.Thread(target=stream)
        thread.start()
        time.sleep(0.5)
        server.signal(signal.SIGTERM)
        time.sleep(0.2)
        stop.set()
        self.assertEqual(server.wait(30), 0, server.log())
        thread.join()
        self.assertTrue(answers)
        server.start()
        count = self.connect(server).points.Count(points_pb2.CountRequest(collection="books")).count
        self.assertGreaterEqual(count, max(answers))

    def test_keys(self):
        made = self.run_server("--generate-key", "reader", "--scopes", "read")
        self.assertEqual(made.returncode, 0, made.stderr)
        key = next(word for word in made.stdout.split() if word.startswith("sgk_"))
        line = next(line for line in made.stdout.splitlines() if "sha256:" in line).strip()
        keys = self.directory / "keys"
        keys.write_text(line + "\n")
        keys.chmod(0o600)
        server = self.serve("data", "--auth-keys-file", str(keys))
        self.tool(server, "collection", "list", code=77)
        self.tool(server, "collection", "list", "--api-key", key)
        self.tool(server, "collection", "create", "x", "--dim", "4", "--api-key", key, code=77)
        self.assertNotIn(key.rsplit("_", 1)[1], server.log())
        self.assertEqual(server.stop(), 0)
        keys.chmod(0o644)
        done = self.run_server("--data-dir", str(self.directory / "d2"), "--listen", "127.0.0.1:0",
                               "--http-listen", "127.0.0.1:0", "--auth-keys-file", str(keys))
        self.assertEqual(done.returncode, 77, done.stderr)
        self.assertIn(str(keys), done.stderr)

    def test_json_log(self):
        server = self.serve("data", "--log-format", "json")
        self.assertEqual(server.stop(), 0)
        lines = [json.loads(line) for line in server.log().splitlines() if line]
        self.assertTrue(lines)

    def test_environment_and_flags(self):
        server = self.serve("data", "--log-level", "error",
                            environment={"SAGITTA_LOG_LEVEL": "debug"})
        self.assertIn("error", self.tool(server, "log-level"))
        self.tool(server, "log-level", "warn")
        self.assertIn("warn", self.tool(server, "log-level"))


if __name__ == "__main__":
    unittest.main()
