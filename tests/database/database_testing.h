// Shared by the database's tests: opening, schemas and points made from a number, damage to files.
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "sagitta/database.h"
#include "tests/base/temp_directory.h"

namespace sagitta::database {

inline constexpr uint32_t kDim = 4;

#define ASSERT_OK(expr) ASSERT_EQ(::sagitta::Status(expr).ToString(), "OK")
#define EXPECT_OK(expr) EXPECT_EQ(::sagitta::Status(expr).ToString(), "OK")

// The code, and every text in the message.
inline void ExpectError(const Status& status, StatusCode code,
                        const std::vector<std::string>& texts = {}) {
  EXPECT_EQ(status.code(), code) << status.ToString();
  for (const std::string& text : texts) {
    EXPECT_NE(status.message().find(text), std::string::npos) << text << "\n" << status.ToString();
  }
}

inline void ExpectInvalid(const Status& status, const std::string& field) {
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.ToString();
  EXPECT_EQ(status.field(), field) << status.ToString();
}

inline DatabaseOptions SmallOptions(const std::string& path) {
  DatabaseOptions options;
  options.path = path;
  options.search_threads = 2;
  options.compaction_threads = 1;
  options.min_free_disk_bytes = 0;
  return options;
}

inline std::unique_ptr<Database> MustOpen(const std::string& path) {
  auto database = Database::Open(SmallOptions(path));
  EXPECT_TRUE(database.ok()) << database.status().ToString();
  return database.ok() ? std::move(*database) : nullptr;
}

inline CollectionSchema SchemaOf(const std::string& name, uint32_t shards = 2) {
  CollectionSchema schema;
  schema.name = name;
  schema.shards = shards;
  VectorField& field = schema.fields.emplace_back();
  field.name = "v";
  field.dim = kDim;
  field.index.kind = IndexKind::kHnsw;
  return schema;
}

inline VectorValue VectorOf(uint64_t id) {
  const std::vector<float> values = {static_cast<float>(id), static_cast<float>(id % 7), 1, 0};
  return VectorValue(std::span<const float>(values));
}

inline std::vector<UpsertPoint> PointsOf(uint64_t first, uint64_t count) {
  std::vector<UpsertPoint> points(count);
  for (uint64_t i = 0; i < count; ++i) {
    Point& point = points[i].point;
    point.id = first + i;
    point.vectors["v"] = VectorOf(first + i);
    point.payload["n"] = static_cast<int64_t>(first + i);
    point.payload["color"] = (first + i) % 2 == 0 ? "red" : "blue";
  }
  return points;
}

inline Status Insert(Collection& collection, uint64_t first, uint64_t count) {
  return collection.Upsert(PointsOf(first, count), {}).status();
}

inline uint64_t CountOf(const Collection& collection, std::optional<Filter> filter = {}) {
  const auto count = collection.Count(filter, {});
  EXPECT_TRUE(count.ok()) << count.status().ToString();
  return count.ok() ? count->count : ~uint64_t{0};
}

inline Result<QueryResult> SearchFor(const Collection& collection, uint64_t id, uint32_t k = 3) {
  Query query;
  query.target = VectorOf(id);
  query.k = k;
  return collection.Search(query, {});
}

// The id of the nearest point to the one of that number.
inline void ExpectNearestIsItself(const Collection& collection, uint64_t id) {
  const auto found = SearchFor(collection, id, 1);
  ASSERT_TRUE(found.ok()) << found.status().ToString();
  ASSERT_EQ(found->hits.size(), 1u);
  EXPECT_EQ(found->hits[0].point.id.ToString(), PointId(id).ToString());
}

inline std::vector<std::string> NamesIn(const std::string& directory) {
  std::vector<std::string> names;
  for (const auto& entry : std::filesystem::directory_iterator(directory)) {
    names.push_back(entry.path().filename());
  }
  return names;
}

inline void FlipByte(const std::string& file, uint64_t at) {
  std::fstream stream(file, std::ios::in | std::ios::out | std::ios::binary);
  stream.seekg(static_cast<std::streamoff>(at));
  const char byte = static_cast<char>(stream.get() ^ 0x20);
  stream.seekp(static_cast<std::streamoff>(at));
  stream.put(byte);
}

// Files below `directory` whose path has `part` in it, largest first.
inline std::vector<std::string> FilesWith(const std::string& directory, const std::string& part) {
  std::vector<std::string> files;
  for (const auto& entry : std::filesystem::recursive_directory_iterator(directory)) {
    if (entry.is_regular_file() && entry.path().string().find(part) != std::string::npos) {
      files.push_back(entry.path());
    }
  }
  std::sort(files.begin(), files.end(), [](const auto& a, const auto& b) {
    return std::filesystem::file_size(a) > std::filesystem::file_size(b);
  });
  return files;
}

}  // namespace sagitta::database
