// Durable inserts: every batch is fsynced before it is acknowledged. By calls into the library, and
// by gRPC over loopback with a few clients in a closed loop; beside them what the disk does at
// best, plain sequential writes with one fsync per batch's bytes.
//
//   insert_bench [--dir /tmp] [--points 200000] [--dim 768] [--batch 256] [--clients 4]
#include <fcntl.h>

#include "bench/serving/serving_bench.h"
#include "sagitta/v1/points.grpc.pb.h"

namespace sagitta::bench {
namespace {

struct Options {
  size_t points;
  size_t dim;
  size_t batch;
  size_t clients;
};

CollectionSchema Schema(size_t dim) {
  CollectionSchema schema;
  schema.name = "bench";
  schema.fields = {{.name = "v", .dim = static_cast<uint32_t>(dim)}};
  schema.fields[0].index.kind = IndexKind::kFlat;
  return schema;
}

// Points per second that plain files could take: `batch` vectors, fsync, again.
double DiskAlone(const std::string& path, const Options& options) {
  const int fd = ::open(path.c_str(), O_CREAT | O_WRONLY | O_TRUNC, 0600);
  if (fd < 0) Die("cannot write " + path);
  const std::string block(options.batch * options.dim * sizeof(float), 'x');
  const size_t blocks = std::min<size_t>(200, options.points / options.batch);
  const auto begin = Clock::now();
  for (size_t i = 0; i < blocks; ++i) {
    if (::write(fd, block.data(), block.size()) != static_cast<ssize_t>(block.size()) ||
        ::fdatasync(fd) != 0) {
      Die("cannot write " + path);
    }
  }
  const double seconds = Seconds(Clock::now() - begin);
  ::close(fd);
  return static_cast<double>(blocks * options.batch) / seconds;
}

v1::UpsertRequest MakeRequest(const std::vector<float>& rows, const Options& options,
                              size_t first) {
  v1::UpsertRequest request;
  request.set_collection("bench");
  auto* columns = request.mutable_columns();
  for (size_t i = 0; i < options.batch; ++i) columns->add_ids(first + i);
  auto* vectors = columns->add_vectors();
  vectors->set_dtype(v1::DTYPE_F32);
  const size_t row = first % (rows.size() / options.dim - options.batch);
  vectors->set_data(rows.data() + row * options.dim, options.batch * options.dim * sizeof(float));
  return request;
}

// Waits as the server asks when it is full; the time counts.
void Send(v1::PointService::Stub& stub, const v1::UpsertRequest& request) {
  while (true) {
    v1::UpsertResponse response;
    grpc::ClientContext context;
    const grpc::Status status = stub.Upsert(&context, request, &response);
    if (status.ok()) return;
    if (status.error_code() != grpc::StatusCode::RESOURCE_EXHAUSTED) Die(status.error_message());
    std::this_thread::sleep_for(std::chrono::milliseconds(200));
  }
}

LoopResult ByGrpc(const std::string& path, const std::vector<float>& rows, const Options& options) {
  { Take(Take(Database::Open({.path = path}))->CreateCollection(Schema(options.dim))); }
  const LocalServer server(path);
  std::vector<std::unique_ptr<v1::PointService::Stub>> stubs;
  for (size_t c = 0; c < options.clients; ++c) {
    stubs.push_back(v1::PointService::NewStub(server.Connect()));
  }
  return ClosedLoop(options.clients, options.points / options.batch, [&](size_t c, size_t i) {
    Send(*stubs[c], MakeRequest(rows, options, i * options.batch));
  });
}

void Main(int argc, char** argv) {
  const Options options{.points = Number(argc, argv, "points", 200'000),
                        .dim = Number(argc, argv, "dim", 768),
                        .batch = Number(argc, argv, "batch", 256),
                        .clients = Number(argc, argv, "clients", 4)};
  const WorkDirectory work(Option(argc, argv, "dir", "/tmp"));
  const std::vector<float> rows = ClusteredRows(20'000, options.dim, 2);
  const double disk = DiskAlone(work / "disk", options);
  double library = 0;
  {
    const auto database = Take(Database::Open({.path = work / "library"}));
    const auto collection = Take(database->CreateCollection(Schema(options.dim)));
    library = Load(*collection, rows, options.dim, options.points);
  }
  std::filesystem::remove_all(work / "library");
  const LoopResult grpc = ByGrpc(work / "grpc", rows, options);
  const double by_grpc = grpc.per_second * static_cast<double>(options.batch);
  std::printf("%zu x %zu, batches of %zu, fsync before each acknowledgement\n", options.points,
              options.dim, options.batch);
  std::printf("disk alone                 %9.0f points/s\n", disk);
  std::printf("library, 2 callers         %9.0f points/s\n", library);
  std::printf("gRPC, %zu clients            %9.0f points/s   ack p50 %.1f ms  p99 %.1f ms\n",
              options.clients, by_grpc, grpc.p50_us / 1000, grpc.p99_us / 1000);
}

}  // namespace
}  // namespace sagitta::bench

int main(int argc, char** argv) {
  sagitta::base::ConfigureServerHeap();
  sagitta::bench::Main(argc, argv);
}
