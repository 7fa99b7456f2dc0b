// What the network costs a search: the same queries of the same collection by calls into the
// library, and by gRPC over loopback, in a closed loop. Clients are a process of their own, as they
// are in use, and share the machine's cores with the server.
//
//   search_bench [--dir /tmp] [--queries 20000] [--ef 128] [--index HNSW|GRAPH]
#include "bench/index/idx_images.h"
#include "bench/serving/serving_bench.h"
#include "sagitta/v1/query.grpc.pb.h"

namespace sagitta::bench {
namespace {

constexpr size_t kWarmCalls = 1000;

CollectionSchema Schema(uint32_t dim, IndexKind kind, uint32_t ef) {
  CollectionSchema schema;
  schema.name = "bench";
  schema.fields = {{.name = "v", .dim = dim}};
  schema.fields[0].index.kind = kind;
  schema.fields[0].index.hnsw.ef_search = ef;
  schema.fields[0].index.graph.ef_search = ef;
  return schema;
}

// One way of asking.
struct Load {
  size_t clients = 1;
  size_t batch = 1;  // queries in a call; 0 = as messages of one stream per client
  size_t calls = 0;
};

struct Measured {
  double calls_per_second = 0;
  double p50_us = 0;
  double p99_us = 0;
  double around_p50_us = 0;  // of a call's time, what the engine did not take; gRPC only
  double server_us = 0;      // CPU time of the process that searches, for a call
  double client_us = 0;      // of the clients' process; 0 for calls into the library
};

Measured InProcess(const Collection& collection, const Images& queries, const Load& load) {
  const auto search = [&](size_t, size_t i) {
    Query query;
    query.target = VectorValue(std::span<const float>(queries.row(i % queries.n), queries.dim));
    const auto result = collection.Search(query, {});
    Check(result.status());
    if (result->hits.size() != 10) Die("a query found fewer than 10");
  };
  ClosedLoop(load.clients, kWarmCalls, search);
  const double before = CpuSeconds();
  const LoopResult loop = ClosedLoop(load.clients, load.calls, search);
  const double cpu = (CpuSeconds() - before) / static_cast<double>(load.calls);
  return {loop.per_second, loop.p50_us, loop.p99_us, 0, cpu * 1e6, 0};
}

void SetQuery(const Images& queries, size_t i, v1::Query* query) {
  query->mutable_vector()->set_dtype(v1::DTYPE_F32);
  query->mutable_vector()->set_data(queries.row(i % queries.n), queries.dim * sizeof(float));
}

// Both return the time that the engine says it took, in µs.
double AskOne(v1::QueryService::Stub& stub, const Images& queries, size_t i) {
  v1::QueryRequest request;
  request.set_collection("bench");
  SetQuery(queries, i, request.mutable_query());
  v1::QueryResponse response;
  grpc::ClientContext context;
  const grpc::Status status = stub.Query(&context, request, &response);
  if (!status.ok()) Die(status.error_message());
  if (response.hits_size() != 10) Die("a query found fewer than 10");
  return response.info().engine_seconds() * 1e6;
}

double AskBatch(v1::QueryService::Stub& stub, const Images& queries, size_t i, size_t batch) {
  v1::QueryBatchRequest request;
  request.set_collection("bench");
  for (size_t b = 0; b < batch; ++b) SetQuery(queries, i * batch + b, request.add_queries());
  v1::QueryBatchResponse response;
  grpc::ClientContext context;
  const grpc::Status status = stub.QueryBatch(&context, request, &response);
  if (!status.ok()) Die(status.error_message());
  for (const auto& outcome : response.outcomes()) {
    if (outcome.response().hits_size() != 10) Die("a query found fewer than 10");
  }
  return response.outcomes(0).response().info().engine_seconds() * 1e6;
}

// Queries as messages of one call.
class StreamAsker {
 public:
  explicit StreamAsker(v1::QueryService::Stub& stub) : stream_(stub.QueryStream(&context_)) {}
  ~StreamAsker() {
    stream_->WritesDone();
    stream_->Finish();
  }

  double Ask(const Images& queries, size_t i) {
    v1::QueryStreamRequest request;
    request.set_tag(i);
    request.mutable_request()->set_collection("bench");
    SetQuery(queries, i, request.mutable_request()->mutable_query());
    v1::QueryStreamResponse response;
    if (!stream_->Write(request) || !stream_->Read(&response)) Die("the stream ended");
    if (response.tag() != i || response.response().hits_size() != 10) Die("another answer");
    return response.response().info().engine_seconds() * 1e6;
  }

 private:
  grpc::ClientContext context_;
  std::unique_ptr<grpc::ClientReaderWriter<v1::QueryStreamRequest, v1::QueryStreamResponse>>
      stream_;
};

// The clients' process: prints what it measured on one line.
void RunClients(const std::string& address, const Load& load) {
  const Images queries = ReadIdxImages(kTestImages);
  std::vector<std::unique_ptr<v1::QueryService::Stub>> stubs;
  for (size_t c = 0; c < load.clients; ++c) {
    stubs.push_back(v1::QueryService::NewStub(ConnectTo(address)));
  }
  std::vector<std::unique_ptr<StreamAsker>> streams;
  for (const auto& stub : stubs) {
    if (load.batch == 0) streams.push_back(std::make_unique<StreamAsker>(*stub));
  }
  std::vector<std::vector<double>> around(load.clients);
  const auto ask = [&](size_t c, size_t i) {
    const auto start = Clock::now();
    const double engine = load.batch == 0   ? streams[c]->Ask(queries, i)
                          : load.batch == 1 ? AskOne(*stubs[c], queries, i)
                                            : AskBatch(*stubs[c], queries, i, load.batch);
    around[c].push_back(Seconds(Clock::now() - start) * 1e6 - engine);
  };
  ClosedLoop(load.clients, kWarmCalls, ask);
  for (auto& part : around) part.clear();
  const double before = CpuSeconds();
  const LoopResult loop = ClosedLoop(load.clients, load.calls, ask);
  const double cpu = (CpuSeconds() - before) / static_cast<double>(load.calls);
  std::vector<double> all;
  for (const auto& part : around) all.insert(all.end(), part.begin(), part.end());
  std::nth_element(all.begin(), all.begin() + static_cast<ptrdiff_t>(all.size() / 2), all.end());
  std::printf("%f %f %f %f %f\n", loop.per_second, loop.p50_us, loop.p99_us, all[all.size() / 2],
              cpu * 1e6);
}

Measured ByGrpc(const LocalServer& server, const Load& load) {
  std::array<char, 4096> self{};
  if (::readlink("/proc/self/exe", self.data(), self.size() - 1) < 0) Die("no /proc/self/exe");
  const std::string command = std::string(self.data()) + " --client " + server.address() +
                              " --clients " + std::to_string(load.clients) + " --batch " +
                              std::to_string(load.batch) + " --calls " + std::to_string(load.calls);
  const double before = CpuSeconds();
  FILE* child = ::popen(command.c_str(), "r");
  if (child == nullptr) Die("cannot start " + command);
  Measured m;
  const int read = std::fscanf(child, "%lf %lf %lf %lf %lf", &m.calls_per_second, &m.p50_us,
                               &m.p99_us, &m.around_p50_us, &m.client_us);
  if (::pclose(child) != 0 || read != 5) Die("the clients' process failed");
  m.server_us = (CpuSeconds() - before) * 1e6 / static_cast<double>(load.calls + kWarmCalls);
  return m;
}

void Print(const char* what, const Measured& m, size_t batch = 1) {
  std::printf("%-34s %7.0f queries/s   p50 %6.0f us   p99 %6.0f us   CPU us/query: %4.0f", what,
              m.calls_per_second * static_cast<double>(batch), m.p50_us, m.p99_us,
              m.server_us / static_cast<double>(batch));
  if (m.client_us > 0) std::printf(" + clients' %3.0f", m.client_us / static_cast<double>(batch));
  std::printf("\n");
}

void Compare(const char* what, const Measured& grpc, const Measured& library, size_t batch) {
  const auto queries = static_cast<double>(batch);
  std::printf("%s reach %.0f %% of the library's throughput, %.0f %% by the server's CPU time\n",
              what, 100 * grpc.calls_per_second * queries / library.calls_per_second,
              100 * library.server_us / (grpc.server_us / queries));
}

void Main(int argc, char** argv) {
  const std::string address = Option(argc, argv, "client", "");
  if (!address.empty()) {
    return RunClients(address, {Number(argc, argv, "clients", 1), Number(argc, argv, "batch", 1),
                                Number(argc, argv, "calls", 1000)});
  }
  Images rows, queries;
  if (!LoadRowsAndQueries(kTrainImages, kTestImages, &rows, &queries)) Die("no data");
  const size_t calls = Number(argc, argv, "queries", 20'000);
  const auto ef = static_cast<uint32_t>(Number(argc, argv, "ef", 128));
  const std::string index = Option(argc, argv, "index", "HNSW");
  const IndexKind kind = index == "GRAPH" ? IndexKind::kGraph : IndexKind::kHnsw;
  const WorkDirectory work(Option(argc, argv, "dir", "/tmp"));
  Measured direct_1, direct_16;
  {
    const auto database = Take(Database::Open({.path = work / "data"}));
    const auto collection = Take(database->CreateCollection(Schema(rows.dim, kind, ef)));
    bench::Load(*collection, rows.values, rows.dim, rows.n);
    Check(collection->Compact());
    Check(collection->WaitIndexed({}, nullptr));
  }
  {
    const auto database = Take(Database::Open({.path = work / "data"}));
    const auto collection = Take(database->GetCollection("bench"));
    std::printf("%zu x %u, L2, %s, ef %u, k 10\n", rows.n, rows.dim, index.c_str(), ef);
    direct_1 = InProcess(*collection, queries, {.clients = 1, .calls = calls / 4});
    direct_16 = InProcess(*collection, queries, {.clients = 16, .calls = calls});
  }
  constexpr size_t kBatch = 16;
  const LocalServer server(work / "data");
  const Measured grpc_1 = ByGrpc(server, {.clients = 1, .calls = calls / 4});
  const Measured grpc_16 = ByGrpc(server, {.clients = 16, .calls = calls});
  const Measured stream_1 = ByGrpc(server, {.clients = 1, .batch = 0, .calls = calls / 4});
  const Measured stream_16 = ByGrpc(server, {.clients = 16, .batch = 0, .calls = calls});
  const Measured batched =
      ByGrpc(server, {.clients = 16, .batch = kBatch, .calls = calls / kBatch});
  Print("library, 1 caller", direct_1);
  Print("gRPC, 1 client", grpc_1);
  Print("gRPC, 1 stream", stream_1);
  Print("library, 16 callers", direct_16);
  Print("gRPC, 16 clients", grpc_16);
  Print("gRPC, 16 streams", stream_16);
  Print("gRPC, 16 clients, batches of 16", batched, kBatch);
  // The engine is slower between calls than in a loop of its own: the caches are others' meanwhile.
  for (const auto& [what, one] : {std::pair("a call", &grpc_1), std::pair("a stream", &stream_1)}) {
    std::printf("overhead of %s, p50: %.0f us around the engine's work, %.0f us over a loop\n",
                what, one->around_p50_us, one->p50_us - direct_1.p50_us);
  }
  Compare("16 clients", grpc_16, direct_16, 1);
  Compare("16 streams", stream_16, direct_16, 1);
  Compare("16 clients with batches of 16", batched, direct_16, kBatch);
}

}  // namespace
}  // namespace sagitta::bench

int main(int argc, char** argv) {
  sagitta::base::ConfigureServerHeap();
  sagitta::bench::Main(argc, argv);
}
