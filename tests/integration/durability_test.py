"""What a client was told is there after kill -9, over the wire."""
import collections
import random
import threading
import time
import unittest

import grpc
import harness
from harness import points_pb2, query_pb2, types_pb2

DIM = 16


def content(number, version):
    values = random.Random(number * 1_000_003 + version)
    return [values.randrange(-64, 64) / 8 for _ in range(DIM)]


class Writer(threading.Thread):
    """Upserts batch after batch through one stream until stopped or cut off."""

    def __init__(self, stubs, first_id, first_version, acknowledged):
        super().__init__()
        self.stubs, self.first_id, self.version = stubs, first_id, first_version
        self.acknowledged = acknowledged  # version by id
        self.unacknowledged = collections.deque()  # (version, ids), in the order sent
        self.stop = threading.Event()
        self.problem = None

    def requests(self):
        while not self.stop.is_set():
            self.version += 1
            request = points_pb2.UpsertStreamRequest(batch=self.version)
            request.upsert.collection = "kill"
            numbers = [self.first_id + (self.version * 37 + i) % 2_000 for i in range(50)]
            for number in numbers:
                request.upsert.points.append(
                    harness.point(number, content(number, self.version), version=self.version))
            self.unacknowledged.append((self.version, numbers))
            yield request

    def run(self):
        try:
            for answer in self.stubs.points.UpsertStream(self.requests()):
                version, numbers = self.unacknowledged[0]
                if answer.batch != version or answer.HasField("error"):
                    self.problem = f"answer to batch {version}: {answer}"
                    return
                for number in numbers:
                    self.acknowledged[number] = version
                self.unacknowledged.popleft()
        except grpc.RpcError as error:
            if not self.stop.is_set():
                self.problem = error


class KillTest(harness.TestCase):
    def test_acknowledged_batches_survive_kill(self):
        server = self.serve("data")
        request = harness.collections_pb2.CreateCollectionRequest(
            schema=harness.schema("kill", dim=DIM, shards=2))
        request.schema.compaction.seal_rows = 500
        self.connect(server).collections.CreateCollection(request)
        acknowledged = {}
        chances = random.Random(99)
        for kill in range(6):
            stubs = self.connect(server)
            writers = [Writer(stubs, 10_000 * i, 100_000 * kill, acknowledged) for i in range(2)]
            for writer in writers:
                writer.start()
            time.sleep(chances.uniform(0.3, 1.5))
            for writer in writers:
                writer.stop.set()
            server.kill()
            for writer in writers:
                writer.join()
                self.assertIsNone(writer.problem)
            server.start()
            self.check(self.connect(server), acknowledged, writers)
        self.assertGreater(len(acknowledged), 2_000)
        self.assertEqual(server.stop(), 0)

    def check(self, stubs, acknowledged, writers):
        """Each point holds what was acknowledged, or one of the batches sent after that."""
        allowed = collections.defaultdict(set)
        for number, version in acknowledged.items():
            allowed[number].add(version)
        for writer in writers:
            for version, numbers in writer.unacknowledged:
                for number in numbers:
                    allowed[number].add(version)
        found = self.read(stubs, sorted(allowed))
        for number in acknowledged:
            self.assertIn(number, found, f"point {number} is lost")
        for number, point in found.items():
            version = point.payload["version"].int64_value
            self.assertIn(version, allowed[number], f"point {number}")
            self.assertEqual(point.vectors["vector"], harness.vector(content(number, version)))
            acknowledged[number] = version
        query = query_pb2.QueryRequest(collection="kill")
        query.query.vector.CopyFrom(harness.vector([0.0] * DIM))
        query.query.k = 10_000
        query.query.params.exact = True
        self.assertEqual(set(harness.ids_of(stubs.queries.Query(query).hits)), set(found))

    def read(self, stubs, numbers):
        found = {}
        for start in range(0, len(numbers), 1_000):
            request = points_pb2.GetRequest(collection="kill")
            request.ids.extend(types_pb2.PointId(u64=n) for n in numbers[start:start + 1_000])
            request.select.payload = request.select.vectors = True
            found.update((p.id.u64, p) for p in stubs.points.Get(request).points)
        return found


if __name__ == "__main__":
    unittest.main()
