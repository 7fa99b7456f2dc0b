#!/usr/bin/env python3
r"""Sagitta by plain gRPC from Python, without a client library.

Make the stubs once (python3-grpcio, python3-protobuf, protobuf-compiler, protobuf-compiler-grpc):

    mkdir -p gen && cd proto && protoc -I . --python_out=../gen --grpc_python_out=../gen \
      --plugin=protoc-gen-grpc_python=$(which grpc_python_plugin) \
      google/rpc/*.proto sagitta/v1/*.proto && cd ..
    PYTHONPATH=gen examples/python/client.py 127.0.0.1:6980
"""
import struct
import sys

import grpc
from sagitta.v1 import collections_pb2, collections_pb2_grpc
from sagitta.v1 import points_pb2, points_pb2_grpc
from sagitta.v1 import query_pb2, query_pb2_grpc
from sagitta.v1 import types_pb2

DIM = 8


def vector(values):
    """Vectors travel as raw little-endian bytes; numpy: array.astype('<f4').tobytes()."""
    data = struct.pack(f"<{len(values)}f", *values)
    return types_pb2.Vector(dtype=types_pb2.DTYPE_F32, data=data)


def main(address):
    with grpc.insecure_channel(address) as channel:
        collections = collections_pb2_grpc.CollectionServiceStub(channel)
        points = points_pb2_grpc.PointServiceStub(channel)
        queries = query_pb2_grpc.QueryServiceStub(channel)

        schema = collections_pb2.CollectionSchema(name="python-example")
        schema.fields.add(name="vector", dim=DIM, metric=collections_pb2.METRIC_L2)
        schema.indexes.add(path="parity", kind=collections_pb2.PAYLOAD_INDEX_KIND_KEYWORD)
        collections.CreateCollection(collections_pb2.CreateCollectionRequest(schema=schema))

        # Bulk form: one column of bytes per field, payloads as JSON.
        numbers = range(1_000)
        upsert = points_pb2.UpsertRequest(collection="python-example")
        upsert.columns.ids.extend(numbers)
        upsert.columns.vectors.add(
            field="vector", dtype=types_pb2.DTYPE_F32,
            data=b"".join(struct.pack(f"<{DIM}f", *([float(n)] * DIM)) for n in numbers))
        upsert.columns.payloads_json.extend(
            '{"parity": "%s"}' % ("odd" if n % 2 else "even") for n in numbers)
        result = points.Upsert(upsert).result
        print(f"wrote {result.affected} points")

        # The nearest odd ones; min_seq makes sure that this reads at least the write above.
        request = query_pb2.QueryRequest(collection="python-example")
        request.query.vector.CopyFrom(vector([500.2] * DIM))
        request.query.k = 3
        request.query.filter.equals.path = "parity"
        request.query.filter.equals.value.string_value = "odd"
        request.query.select.payload = True
        request.options.min_seq = result.seq
        hits = queries.Query(request).hits
        for hit in hits:
            print(f"nearest: {hit.point.id.u64} at {hit.score:.3f}, "
                  f"{hit.point.payload['parity'].string_value}")
        assert [hit.point.id.u64 for hit in hits] == [501, 499, 503], hits

        collections.DropCollection(collections_pb2.DropCollectionRequest(name="python-example"))


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "127.0.0.1:6980")
