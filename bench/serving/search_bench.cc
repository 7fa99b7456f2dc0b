// What the network costs a search: the same queries of the same collection by calls into the
// library, and by gRPC over loopback, with 1 and with 16 clients in a closed loop. Server and
// clients share the machine's cores.
//
//   search_bench [--dir /tmp] [--queries 20000] [--ef 128]
#include "bench/index/idx_images.h"
#include "bench/serving/serving_bench.h"
#include "sagitta/v1/query.grpc.pb.h"

namespace sagitta::bench {
namespace {

struct Data {
  Images rows;
  Images queries;
};

CollectionSchema Schema(uint32_t dim, uint32_t ef) {
  CollectionSchema schema;
  schema.name = "bench";
  schema.fields = {{.name = "v", .dim = dim}};
  schema.fields[0].index.kind = IndexKind::kHnsw;
  schema.fields[0].index.hnsw.ef_search = ef;
  return schema;
}

void Print(const char* what, const LoopResult& r) {
  std::printf("%-28s %9.0f queries/s   p50 %7.0f us   p99 %7.0f us\n", what, r.per_second, r.p50_us,
              r.p99_us);
}

LoopResult InProcess(const Collection& collection, const Images& queries, size_t clients,
                     size_t calls) {
  return ClosedLoop(clients, calls, [&](size_t, size_t i) {
    Query query;
    query.target = VectorValue(std::span<const float>(queries.row(i % queries.n), queries.dim));
    const auto result = collection.Search(query, {});
    Check(result.status());
    if (result->hits.size() != 10) Die("a query found fewer than 10");
  });
}

LoopResult ByGrpc(const LocalServer& server, const Images& queries, size_t clients, size_t calls) {
  std::vector<std::unique_ptr<v1::QueryService::Stub>> stubs;
  for (size_t c = 0; c < clients; ++c) stubs.push_back(v1::QueryService::NewStub(server.Connect()));
  return ClosedLoop(clients, calls, [&](size_t c, size_t i) {
    v1::QueryRequest request;
    request.set_collection("bench");
    request.mutable_query()->mutable_vector()->set_dtype(v1::DTYPE_F32);
    request.mutable_query()->mutable_vector()->set_data(queries.row(i % queries.n),
                                                        queries.dim * sizeof(float));
    v1::QueryResponse response;
    grpc::ClientContext context;
    const grpc::Status status = stubs[c]->Query(&context, request, &response);
    if (!status.ok()) Die(status.error_message());
    if (response.hits_size() != 10) Die("a query found fewer than 10");
  });
}

void Main(int argc, char** argv) {
  Data data;
  if (!LoadRowsAndQueries(kTrainImages, kTestImages, &data.rows, &data.queries)) Die("no data");
  const size_t calls = Number(argc, argv, "queries", 20'000);
  const auto ef = static_cast<uint32_t>(Number(argc, argv, "ef", 128));
  const WorkDirectory work(Option(argc, argv, "dir", "/tmp"));
  LoopResult direct_1, direct_16;
  {
    const auto database = Take(Database::Open({.path = work / "data"}));
    const auto collection = Take(database->CreateCollection(Schema(data.rows.dim, ef)));
    Load(*collection, data.rows.values, data.rows.dim, data.rows.n);
    Check(collection->Compact());
    Check(collection->WaitIndexed({}, nullptr));
    std::printf("%zu x %u, L2, HNSW, ef %u, k 10\n", data.rows.n, data.rows.dim, ef);
    InProcess(*collection, data.queries, 1, 2'000);  // warm
    direct_1 = InProcess(*collection, data.queries, 1, calls / 4);
    direct_16 = InProcess(*collection, data.queries, 16, calls);
  }
  const LocalServer server(work / "data");
  ByGrpc(server, data.queries, 1, 2'000);
  const LoopResult grpc_1 = ByGrpc(server, data.queries, 1, calls / 4);
  const LoopResult grpc_16 = ByGrpc(server, data.queries, 16, calls);
  Print("library, 1 caller", direct_1);
  Print("gRPC, 1 client", grpc_1);
  Print("library, 16 callers", direct_16);
  Print("gRPC, 16 clients", grpc_16);
  std::printf("overhead of gRPC, p50: %.0f us\n", grpc_1.p50_us - direct_1.p50_us);
  std::printf("16 clients reach %.0f %% of the library's throughput\n",
              100 * grpc_16.per_second / direct_16.per_second);
}

}  // namespace
}  // namespace sagitta::bench

int main(int argc, char** argv) {
  sagitta::base::ConfigureServerHeap();
  sagitta::bench::Main(argc, argv);
}
