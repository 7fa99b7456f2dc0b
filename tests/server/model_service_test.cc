// ModelService: training, the way in and out, errors.
#include <gtest/gtest.h>

#include <chrono>
#include <cmath>
#include <thread>

#include "sagitta/v1/models.grpc.pb.h"
#include "tests/server/test_server.h"

namespace sagitta::server {
namespace {

constexpr uint32_t kDim = 16;
constexpr int kPairs = 400;

// Near four of sixteen directions; `shift` moves it a little.
std::vector<float> Row(int i, float shift) {
  std::vector<float> row(kDim);
  for (uint32_t d = 0; d < kDim; ++d) {
    for (int k = 0; k < 4; ++k) {
      row[d] += std::sin(static_cast<float>(1 + k) * static_cast<float>(i)) *
                std::cos(static_cast<float>(3 + 7 * k) * static_cast<float>(d));
    }
    row[d] += 0.05f * std::sin(static_cast<float>(i * 31 + static_cast<int>(d) * 17)) +
              shift * std::cos(static_cast<float>(i * 13 + static_cast<int>(d)));
  }
  return row;
}

class ModelServiceTest : public ::testing::Test {
 protected:
  using Models = v1::ModelService::Stub;

  ModelServiceTest() : models_(v1::ModelService::NewStub(server_.channel)) {
    server_.CreateFilms(kDim, v1::METRIC_COSINE);
  }

  v1::TrainBinarizerRequest Training() {
    v1::TrainBinarizerRequest request;
    request.set_name("codes");
    request.set_collection("films");
    request.set_bits(2);
    request.set_hidden(0);
    request.set_steps(30);
    request.set_batch(64);
    request.set_held_out(0.2f);
    for (int i = 0; i < kPairs; ++i) {
      SetVector(Row(i, 0), request.mutable_pairs()->add_documents());
      SetVector(Row(i, 0.1f), request.mutable_pairs()->add_queries());
    }
    return request;
  }

  v1::Job WaitForJob(uint64_t id) {
    for (int i = 0; i < 6000; ++i) {
      v1::GetCompactionResponse response;
      EXPECT_TRUE(Invoke(&v1::AdminService::Stub::GetCompaction, *server_.admin,
                         v1::GetCompactionRequest(), &response)
                      .ok());
      for (const v1::Job& job : response.recent()) {
        if (job.id() == id) return job;
      }
      std::this_thread::sleep_for(std::chrono::milliseconds(10));
    }
    ADD_FAILURE() << "job " << id << " does not end";
    return {};
  }

  std::string Export(const std::string& model) {
    std::string bytes;
    v1::ExportModelRequest request;
    v1::ExportModelResponse response;
    request.set_model(model);
    do {
      request.set_offset(bytes.size());
      const auto status = Invoke(&Models::ExportModel, *models_, request, &response);
      EXPECT_TRUE(status.ok()) << status.error_message();
      bytes += response.data();
    } while (!response.data().empty());
    EXPECT_EQ(bytes.size(), response.total_bytes());
    return bytes;
  }

  grpc::Status Import(const std::string& name, const std::string& bytes, size_t part,
                      v1::Model* model) {
    grpc::ClientContext context;
    const auto stream = models_->ImportModel(&context);
    v1::ImportModelRequest request;
    request.set_name(name);
    for (size_t at = 0; !request.last(); at += part) {
      request.set_data(bytes.substr(at, part));
      request.set_last(at + part >= bytes.size());
      v1::ImportModelResponse response;
      if (!stream->Write(request) || !stream->Read(&response)) break;
      *model = response.model();
    }
    stream->WritesDone();
    return stream->Finish();
  }

  int CountModels() {
    v1::ListModelsResponse response;
    EXPECT_TRUE(Invoke(&Models::ListModels, *models_, v1::ListModelsRequest(), &response).ok());
    return response.models_size();
  }

  TestServer server_;
  const std::unique_ptr<Models> models_;
};

TEST_F(ModelServiceTest, AModelIsTrainedMovedAndDeleted) {
  v1::TrainBinarizerResponse started;
  ASSERT_TRUE(Invoke(&Models::TrainBinarizer, *models_, Training(), &started).ok());
  const v1::Job job = WaitForJob(started.job());
  EXPECT_EQ(job.kind(), "train");
  EXPECT_EQ(job.state(), v1::JOB_STATE_DONE) << job.error();
  EXPECT_EQ(job.losses_size(), 30);
  EXPECT_EQ(job.rows(), static_cast<uint64_t>(kPairs));
  ASSERT_TRUE(job.note().starts_with("published codes@1")) << job.note();

  v1::GetModelRequest get;
  get.set_model("codes@1");
  v1::GetModelResponse got;
  ASSERT_TRUE(Invoke(&Models::GetModel, *models_, get, &got).ok());
  EXPECT_EQ(got.model().dim(), kDim);
  EXPECT_EQ(got.model().metric(), v1::METRIC_COSINE);
  EXPECT_GE(got.model().after().coded(), got.model().before().coded());

  const std::string bytes = Export("codes@1");
  v1::Model copy;
  const auto imported = Import("copy", bytes, 1000, &copy);
  ASSERT_TRUE(imported.ok()) << imported.error_message();
  EXPECT_EQ(copy.name(), "copy");
  EXPECT_EQ(copy.version(), 1u);
  EXPECT_TRUE(copy.imported());
  EXPECT_EQ(copy.bytes(), got.model().bytes());
  EXPECT_EQ(CountModels(), 2);

  // A field that it codes keeps it.
  v1::UpdateCollectionRequest update;
  update.set_name("films");
  auto* field = update.add_fields();
  field->set_name("text");
  field->mutable_index()->set_kind(v1::INDEX_KIND_FLAT_CODES);
  field->mutable_index()->mutable_codec()->set_kind(v1::CODEC_KIND_LEARNED);
  field->mutable_index()->mutable_codec()->set_model("codes@1");
  v1::UpdateCollectionResponse updated;
  ASSERT_TRUE(
      Invoke(&v1::CollectionService::Stub::UpdateCollection, *server_.collections, update, &updated)
          .ok());
  EXPECT_EQ(updated.schema().fields(0).index().codec().model(), "codes@1");
  v1::DeleteModelRequest drop;
  v1::DeleteModelResponse dropped;
  drop.set_model("codes@1");
  const auto used = Invoke(&Models::DeleteModel, *models_, drop, &dropped);
  EXPECT_EQ(used.error_code(), grpc::StatusCode::FAILED_PRECONDITION);
  EXPECT_NE(used.error_message().find("films"), std::string::npos);
  drop.set_model("copy@1");
  EXPECT_TRUE(Invoke(&Models::DeleteModel, *models_, drop, &dropped).ok());
  const auto again = Invoke(&Models::DeleteModel, *models_, drop, &dropped);
  EXPECT_EQ(again.error_code(), grpc::StatusCode::NOT_FOUND);
  google::rpc::ResourceInfo resource;
  ASSERT_TRUE(FindDetail(again, &resource));
  EXPECT_EQ(resource.resource_name(), "copy@1");
}

// Of twenty dims, each a mix of two of the field's.
std::vector<float> OtherRow(int i) {
  const std::vector<float> row = Row(i, 0);
  std::vector<float> mixed(20);
  for (size_t d = 0; d < mixed.size(); ++d) {
    mixed[d] = row[d % kDim] - 0.5f * row[(d * 5 + 3) % kDim] + 0.4f;
  }
  return mixed;
}

// Films 0, 1, … have rows of the field's model.
class AdapterServiceTest : public ModelServiceTest {
 protected:
  void SetUp() override {
    v1::UpsertRequest upsert;
    upsert.set_collection("films");
    for (int i = 0; i < kPairs; ++i) {
      v1::Point* point = upsert.add_points()->mutable_point();
      point->mutable_id()->set_u64(static_cast<uint64_t>(i));
      SetVector(Row(i, 0), &(*point->mutable_vectors())["text"]);
    }
    Upsert(upsert);
    request_.set_name("map");
    request_.set_collection("films");
    for (int i = 0; i < kPairs; ++i) {
      SetVector(OtherRow(i), request_.add_from());
      request_.add_points()->set_u64(static_cast<uint64_t>(i));
    }
  }

  void Upsert(const v1::UpsertRequest& upsert) {
    v1::UpsertResponse upserted;
    ASSERT_TRUE(Invoke(&v1::PointService::Stub::Upsert, *server_.points, upsert, &upserted).ok());
  }
  grpc::Status Train(const v1::TrainAdapterRequest& request, uint64_t* job) {
    v1::TrainAdapterResponse started;
    const grpc::Status status = Invoke(&Models::TrainAdapter, *models_, request, &started);
    *job = started.job();
    return status;
  }

  v1::TrainAdapterRequest request_;
};

TEST_F(AdapterServiceTest, WrongTrainingsAreNamed) {
  uint64_t job = 0;
  v1::TrainAdapterRequest wrong = request_;
  wrong.mutable_points(3)->set_u64(12'345);
  EXPECT_EQ(ViolatedField(Train(wrong, &job)), "points[3]");
  wrong = request_;
  wrong.mutable_points(3)->clear_kind();
  EXPECT_EQ(ViolatedField(Train(wrong, &job)), "points[3]");
  wrong = request_;
  wrong.set_kind(static_cast<v1::AdapterKind>(77));
  EXPECT_EQ(ViolatedField(Train(wrong, &job)), "kind");
  wrong = request_;
  wrong.mutable_from(5)->set_dtype(v1::DTYPE_UNSPECIFIED);
  EXPECT_EQ(ViolatedField(Train(wrong, &job)), "from[5].dtype");
  EXPECT_EQ(CountModels(), 0);
}

TEST_F(AdapterServiceTest, OneIsTrainedAndUsed) {
  uint64_t id = 0;
  ASSERT_TRUE(Train(request_, &id).ok());
  const v1::Job job = WaitForJob(id);
  EXPECT_EQ(job.state(), v1::JOB_STATE_DONE) << job.error();
  v1::GetModelRequest get;
  v1::GetModelResponse got;
  get.set_model("map@1");
  ASSERT_TRUE(Invoke(&Models::GetModel, *models_, get, &got).ok()) << job.note();
  EXPECT_EQ(got.model().kind(), v1::MODEL_KIND_ADAPTER);
  EXPECT_EQ(got.model().adapter(), v1::ADAPTER_KIND_RIDGE);
  EXPECT_EQ(got.model().dim(), 20u);
  EXPECT_EQ(got.model().to_dim(), kDim);
  EXPECT_GT(got.model().after().float_query(), 0.2);  // many rows are nearly alike

  // A write by columns, and a query, of the other model.
  v1::Vector vector;
  SetVector(OtherRow(900), &vector);
  v1::UpsertRequest upsert;
  upsert.set_collection("films");
  upsert.mutable_columns()->add_ids(5'000);
  auto* column = upsert.mutable_columns()->add_vectors();
  column->set_dtype(vector.dtype());
  column->set_data(vector.data());
  column->set_adapter("map@1");
  Upsert(upsert);
  v1::QueryRequest query;
  query.set_collection("films");
  query.mutable_query()->set_k(1);
  *query.mutable_query()->mutable_vector() = vector;
  query.mutable_query()->mutable_vector()->set_adapter("map@1");
  v1::QueryResponse answer;
  ASSERT_TRUE(Invoke(&v1::QueryService::Stub::Query, *server_.queries, query, &answer).ok());
  ASSERT_EQ(answer.hits_size(), 1);
  EXPECT_EQ(answer.hits(0).point().id().u64(), 5'000u);
  ASSERT_TRUE(Invoke(&Models::GetModel, *models_, get, &got).ok());
  EXPECT_EQ(got.model().mapped(), 2u);
  query.mutable_query()->mutable_vector()->set_adapter("map@2");
  const auto refused = Invoke(&v1::QueryService::Stub::Query, *server_.queries, query, &answer);
  EXPECT_EQ(ViolatedField(refused), "query.vector.adapter");
}

TEST_F(ModelServiceTest, ATrainingIsCancelled) {
  v1::TrainBinarizerRequest request = Training();
  request.set_steps(1'000'000);
  v1::TrainBinarizerResponse started;
  ASSERT_TRUE(Invoke(&Models::TrainBinarizer, *models_, request, &started).ok());
  v1::CancelJobRequest cancel;
  cancel.set_job(started.job());
  v1::CancelJobResponse cancelled;
  EXPECT_TRUE(Invoke(&Models::CancelJob, *models_, cancel, &cancelled).ok());
  EXPECT_EQ(WaitForJob(started.job()).state(), v1::JOB_STATE_CANCELLED);
  EXPECT_EQ(Invoke(&Models::CancelJob, *models_, cancel, &cancelled).error_code(),
            grpc::StatusCode::NOT_FOUND);
  EXPECT_EQ(CountModels(), 0);
}

TEST_F(ModelServiceTest, WrongInputIsNamedAndChangesNothing) {
  v1::TrainBinarizerResponse started;
  v1::TrainBinarizerRequest request = Training();
  request.mutable_pairs()->mutable_queries(3)->set_dtype(v1::DTYPE_UNSPECIFIED);
  EXPECT_EQ(ViolatedField(Invoke(&Models::TrainBinarizer, *models_, request, &started)),
            "pairs.queries[3].dtype");
  request = Training();
  request.set_bits(9);
  EXPECT_EQ(ViolatedField(Invoke(&Models::TrainBinarizer, *models_, request, &started)), "bits");
  request.clear_pairs();
  request.set_bits(2);
  EXPECT_EQ(ViolatedField(Invoke(&Models::TrainBinarizer, *models_, request, &started)),
            "collection");
  v1::GetModelRequest get;
  v1::GetModelResponse got;
  get.set_model("codes");
  EXPECT_EQ(ViolatedField(Invoke(&Models::GetModel, *models_, get, &got)), "model");
  v1::EvaluateModelRequest evaluate;
  v1::EvaluateModelResponse evaluated;
  evaluate.set_model("codes@1");
  evaluate.set_collection("films");
  EXPECT_EQ(Invoke(&Models::EvaluateModel, *models_, evaluate, &evaluated).error_code(),
            grpc::StatusCode::NOT_FOUND);
  v1::Model model;
  EXPECT_EQ(ViolatedField(Import("codes", "no model at all", 5, &model)), "data");
  EXPECT_EQ(ViolatedField(Import("codes", "", 5, &model)), "data");
  EXPECT_EQ(ViolatedField(Import("No", "x", 5, &model)), "name");
  EXPECT_EQ(CountModels(), 0);
}

}  // namespace
}  // namespace sagitta::server
