#include "engine/check_request.h"

#include <gtest/gtest.h>

#include <cmath>
#include <functional>
#include <limits>

#include "engine/read_points.h"
#include "engine/search.h"

namespace sagitta::engine {
namespace {

constexpr float kNan = std::numeric_limits<float>::quiet_NaN();

CollectionSchema TwoFields() {
  CollectionSchema schema;
  schema.name = "c";
  schema.fields = {{.name = "image", .dim = 2},
                   {.name = "text", .dim = 3, .metric = Metric::kCosine}};
  return schema;
}

Query GoodQuery() {
  Query query;
  query.field = "text";
  query.target = VectorValue(std::vector<float>{1, 2, 3});
  return query;
}

struct Case {
  const char* name;
  std::function<void(Query&)> change;
  const char* field;
  const char* given;  // must be in the message, as must `allowed`
  const char* allowed;
};

const Case kCases[] = {
    {"k of 0", [](Query& q) { q.k = 0; }, "k", "0", "1–10000"},
    {"large k", [](Query& q) { q.k = 1'000'000'000; }, "k", "1000000000", "1–10000"},
    {"offset", [](Query& q) { q.offset = 10'001; }, "offset", "10001", "0–10000"},
    {"offset and k", [](Query& q) { q.offset = 9'999, q.k = 2; }, "offset", "10001", "10000"},
    {"overflow", [](Query& q) { q.offset = 4'294'967'295u; }, "offset", "4294967295", "10000"},
    {"field", [](Query& q) { q.field = "sound"; }, "field", "sound", "image, text"},
    {"no field", [](Query& q) { q.field = ""; }, "field", "empty", "image, text"},
    {"dim", [](Query& q) { q.field = "image"; }, "vector", "3", "2"},
    {"NaN",
     [](Query& q) {
       q.target = VectorValue(std::vector<float>{1, kNan, 3});
     },
     "vector[1]", "NaN", "finite"},
    {"zero",
     [](Query& q) {
       q.target = VectorValue(std::vector<float>{0, 0, 0});
     },
     "vector", "zero", "COSINE"},
    {"id", [](Query& q) { q.target = PointId(std::string(257, 'x')); }, "point", "257", "256"},
    {"ef 0", [](Query& q) { q.params.ef = 0; }, "params.ef", "0", "1–65536"},
    {"ef", [](Query& q) { q.params.ef = 65'537; }, "params.ef", "65537", "1–65536"},
    {"nprobe", [](Query& q) { q.params.nprobe = 0; }, "params.nprobe", "0", "1–65536"},
    {"oversampling", [](Query& q) { q.params.oversampling = 0.5f; }, "params.oversampling", "0.5",
     "1–100"},
    {"oversampling NaN", [](Query& q) { q.params.oversampling = kNan; }, "params.oversampling",
     "nan", "1–100"},
    {"threshold", [](Query& q) { q.score_threshold = kNan; }, "score_threshold", "NaN", "number"},
    {"no path",
     [](Query& q) {
       q.group_by = GroupBy{"", 1};
     },
     "group_by.path", "empty", "path"},
    {"path",
     [](Query& q) {
       q.group_by = GroupBy{"a..b", 1};
     },
     "group_by.path", "a..b", "key"},
    {"long path",
     [](Query& q) {
       q.group_by = GroupBy{std::string(1025, 'a'), 1};
     },
     "group_by.path", "1025", "1024"},
    {"group size",
     [](Query& q) {
       q.group_by = GroupBy{"a", 0};
     },
     "group_by.group_size", "0", "1–1000"},
    {"groups",
     [](Query& q) {
       q.group_by = GroupBy{"a", 1001};
     },
     "group_by.group_size", "1001", "1–1000"},
    {"groups and their size",
     [](Query& q) {
       q.k = 90, q.offset = 11;
       q.group_by = GroupBy{"a", 100};
     },
     "group_by.group_size", "10100", "10000"},
    {"filter", [](Query& q) { q.filter = Filter::And({Filter::Exists("")}); },
     "filter.and[0].exists.path", "empty", ""},
    {"fields",
     [](Query& q) {
       q.select.vector_fields = {"text", "sound"};
     },
     "select.vector_fields[1]", "sound", "image, text"},
    {"keys", [](Query& q) { q.select.payload_keys = {"\xff"}; }, "select.payload_keys[0]", "xff",
     "UTF-8"},
};

TEST(ValidateQuery, NamesWhatIsWrong) {
  for (const Case& c : kCases) {
    Query query = GoodQuery();
    ASSERT_TRUE(ValidateQuery(TwoFields(), query).ok());
    c.change(query);
    const Status status = ValidateQuery(TwoFields(), query);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << c.name;
    EXPECT_EQ(status.field(), c.field) << c.name;
    EXPECT_NE(status.message().find(c.given), std::string::npos) << status.ToString();
    EXPECT_NE(status.message().find(c.allowed), std::string::npos) << status.ToString();
  }
}

TEST(ValidateQuery, TakesTheLimits) {
  Query query = GoodQuery();
  query.k = 1;
  query.offset = 9'999;
  query.params.ef = 65'536;
  query.params.oversampling = 100;
  query.score_threshold = std::numeric_limits<float>::infinity();
  EXPECT_TRUE(ValidateQuery(TwoFields(), query).ok());
  query.offset = 9;
  query.group_by = GroupBy{"a.b", 1000};
  EXPECT_TRUE(ValidateQuery(TwoFields(), query).ok());
  CollectionSchema one = TwoFields();
  one.fields.erase(one.fields.begin());
  query.field.clear();
  EXPECT_TRUE(ValidateQuery(one, query).ok()) << "the only field need not be named";
}

TEST(ValidateScroll, NamesWhatIsWrong) {
  const CollectionSchema schema = TwoFields();
  ScrollRequest request;
  EXPECT_TRUE(ValidateScroll(schema, request).ok());
  for (const uint32_t limit : {0u, 10'001u}) {
    request.limit = limit;
    EXPECT_EQ(ValidateScroll(schema, request).field(), "limit");
  }
  request.limit = 10'000;
  // Odd, no digits, an unknown tag, a short number, text that is not UTF-8.
  for (const char* cursor : {"0", "zz", "ff", "0100", "03ff"}) {
    request.cursor = cursor;
    const Status status = ValidateScroll(schema, request);
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
    EXPECT_EQ(status.field(), "cursor");
    EXPECT_NE(status.message().find(cursor), std::string::npos) << status.ToString();
  }
  request.cursor.clear();
  request.filter = Filter::Exists("");
  EXPECT_EQ(ValidateScroll(schema, request).field(), "filter.exists.path");
  request.filter.reset();
  request.select.vector_fields = {"sound"};
  EXPECT_EQ(ValidateScroll(schema, request).field(), "select.vector_fields[0]");
}

TEST(Cursor, RoundTrips) {
  for (const PointId& id : {PointId(uint64_t{0}), PointId(~uint64_t{0}), PointId(Uuid::Random()),
                            PointId(std::string(256, 'x')), PointId("grün")}) {
    const std::string cursor = EncodeCursor(id.Encode());
    for (const char c : cursor) EXPECT_TRUE(std::isxdigit(static_cast<unsigned char>(c)));
    const auto key = DecodeCursor(cursor);
    ASSERT_TRUE(key.ok()) << key.status().ToString();
    EXPECT_EQ(*key, id.Encode());
  }
  EXPECT_EQ(*DecodeCursor(""), "");
}

}  // namespace
}  // namespace sagitta::engine
