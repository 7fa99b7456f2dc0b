// Sagitta behind gRPC: every caller has a connection of its own, as separate clients would.
#include <grpcpp/grpcpp.h>

#include <cstdio>
#include <cstdlib>
#include <utility>

#include "bench/compare/target.h"
#include "cli/filter_json.h"
#include "sagitta/v1/query.grpc.pb.h"

namespace sagitta::bench {
namespace {

[[noreturn]] void Die(const std::string& what) {
  std::fprintf(stderr, "%s\n", what.c_str());
  std::exit(1);
}

void SetParams(const nlohmann::json& params, v1::SearchParams* out) {
  if (params.contains("ef")) out->set_ef(params["ef"].get<uint32_t>());
  if (params.contains("nprobe")) out->set_nprobe(params["nprobe"].get<uint32_t>());
  if (params.contains("oversampling")) out->set_oversampling(params["oversampling"].get<float>());
  out->set_exact(params.value("exact", false));
}

v1::QueryRequest MakeRequest(const SearchJob& job, size_t i) {
  v1::QueryRequest request;
  request.set_collection("compare");
  v1::Query* query = request.mutable_query();
  query->mutable_vector()->set_dtype(v1::DTYPE_F32);
  query->mutable_vector()->set_data(job.queries->row<float>(i),
                                    job.queries->columns() * sizeof(float));
  query->set_k(job.k);
  SetParams(job.params, query->mutable_params());
  if (!job.filter_of_query.empty()) {
    const auto& filter = job.filters.at(static_cast<size_t>(job.filter_of_query[i]));
    const Status status = cli::FilterFromJson(filter, query->mutable_filter());
    if (!status.ok()) Die(status.ToString());
  }
  return request;
}

class GrpcSearch : public PreparedSearch {
 public:
  GrpcSearch(const std::string& address, const SearchJob& job, size_t callers) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    for (size_t c = 0; c < callers; ++c) {
      stubs_.push_back(v1::QueryService::NewStub(
          grpc::CreateCustomChannel(address, grpc::InsecureChannelCredentials(), arguments)));
    }
    for (size_t i = 0; i < job.queries->rows(); ++i) requests_.push_back(MakeRequest(job, i));
  }
  void Run(size_t caller, size_t first, size_t n, Found* found) override {
    if (n != 1) Die("batches are measured in process");
    v1::QueryResponse response;
    grpc::ClientContext context;
    const grpc::Status status = stubs_[caller]->Query(&context, requests_[first], &response);
    if (!status.ok()) Die(status.error_message());
    *found = {.ids = {}, .distances = response.info().distances()};
    for (const v1::Hit& hit : response.hits()) {
      found->ids.push_back(static_cast<int64_t>(hit.point().id().u64()));
    }
  }

 private:
  std::vector<std::unique_ptr<v1::QueryService::Stub>> stubs_;
  std::vector<v1::QueryRequest> requests_;
};

class GrpcTarget : public Target {
 public:
  explicit GrpcTarget(std::string address) : address_(std::move(address)) {}
  std::unique_ptr<PreparedSearch> Prepare(const SearchJob& job, size_t callers) override {
    return std::make_unique<GrpcSearch>(address_, job, callers);
  }

 private:
  std::string address_;
};

}  // namespace

std::unique_ptr<Target> ConnectTarget(const std::string& address) {
  return std::make_unique<GrpcTarget>(address);
}

}  // namespace sagitta::bench
