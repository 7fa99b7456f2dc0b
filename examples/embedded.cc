// Sagitta inside an application: open a directory, make a collection, write, search, compact,
// snapshot.
//
//   c++ -std=c++20 embedded.cc $(pkg-config --cflags --libs sagitta) -o embedded
//   ./embedded [DIRECTORY]     # without one: a temporary directory, which goes at the end
//
// Nothing throws: every call returns a Status, or a Result that holds a value or a Status.
#include <sagitta/database.h>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <vector>

namespace {

// Ends the program with the error's text, which names the field that is wrong.
template <typename T>
T OrExit(sagitta::Result<T> result) {
  if (!result.ok()) {
    std::cerr << result.status().ToString() << "\n";
    std::exit(1);
  }
  return std::move(result).value();
}

void OrExit(sagitta::Status status) {
  if (status.ok()) return;
  std::cerr << status.ToString() << "\n";
  std::exit(1);
}

sagitta::UpsertPoint Book(uint64_t id, std::vector<float> taste, std::string genre, int64_t year) {
  sagitta::UpsertPoint upsert;
  upsert.point.id = id;
  upsert.point.vectors["taste"] = sagitta::VectorValue(std::span<const float>(taste));
  upsert.point.payload = {{"genre", genre}, {"year", year}};
  return upsert;
}

// A data directory of this run alone.
std::string FreshDirectory() {
  std::string path = (std::filesystem::temp_directory_path() / "sagitta-embedded-XXXXXX").string();
  if (mkdtemp(path.data()) != nullptr) return path;
  std::cerr << "cannot make " << path << "\n";
  std::exit(1);
}

}  // namespace

int main(int argc, char** argv) {
  const std::string path = argc > 1 ? argv[1] : FreshDirectory();

  // One process at a time may have a data directory open.
  sagitta::DatabaseOptions options;
  options.path = path;
  std::unique_ptr<sagitta::Database> database = OrExit(sagitta::Database::Open(options));

  // A collection has one or more named vector fields, each with its dimension, metric and index.
  sagitta::CollectionSchema schema;
  schema.name = "books";
  sagitta::VectorField taste;
  taste.name = "taste";
  taste.dim = 4;
  taste.metric = sagitta::Metric::kCosine;
  taste.index.kind = sagitta::IndexKind::kHnsw;
  schema.fields = {taste};
  schema.indexes = {{"genre", sagitta::PayloadIndexKind::kKeyword}};
  std::shared_ptr<sagitta::Collection> books = OrExit(database->CreateCollection(schema));

  // When Upsert returns, the points are on disk (fsynced) and searchable.
  sagitta::WriteResult written =
      OrExit(books->Upsert({Book(1, {0.9f, 0.1f, 0.0f, 0.1f}, "crime", 1939),
                            Book(2, {0.8f, 0.2f, 0.1f, 0.0f}, "crime", 1974),
                            Book(3, {0.1f, 0.9f, 0.3f, 0.2f}, "poetry", 1855),
                            Book(4, {0.85f, 0.1f, 0.1f, 0.1f}, "poetry", 1922)},
                           {}));
  std::cout << "wrote " << written.affected << " points, sequence number " << written.seq << "\n";

  // The two nearest crime novels since 1950 and earlier than 2000, with their payload.
  const std::vector<float> wanted = {1.0f, 0.1f, 0.0f, 0.1f};
  sagitta::Query query;
  query.target = sagitta::VectorValue(std::span<const float>(wanted));
  query.k = 2;
  query.filter = sagitta::Filter::And(
      {sagitta::Filter::Equals("genre", "crime"),
       sagitta::Filter::Range("year", sagitta::Filter::Bound{int64_t{1950}, true},
                              sagitta::Filter::Bound{int64_t{2000}, false})});
  query.select.payload = true;
  sagitta::QueryResult answer = OrExit(books->Search(query, {}));
  for (const sagitta::Hit& hit : answer.hits) {
    std::cout << hit.point.id.ToString() << "  " << hit.score << "  "
              << sagitta::Value(hit.point.payload).ToJson() << "\n";
  }
  // "year" has no payload index: the answer is exact all the same, and says that payloads were
  // read.
  if (answer.hits.size() != 1 || answer.hits[0].point.id != sagitta::PointId(2) ||
      !answer.info.filter_scanned) {
    std::cerr << "expected book 2 alone, by a scan of the payloads\n";
    return 1;
  }

  // Seal and index everything now, instead of when the compactor finds time.
  OrExit(books->Compact());
  OrExit(books->WaitIndexed({}, {}));

  // A snapshot is consistent and shares files with the live data; it is restored under another
  // name.
  sagitta::SnapshotInfo snapshot = OrExit(books->CreateSnapshot());
  OrExit(database->RestoreSnapshot(snapshot.id, "books-yesterday"));
  auto restored = OrExit(database->GetCollection("books-yesterday"));
  const uint64_t count = OrExit(restored->Count(std::nullopt, {})).count;
  std::cout << "restored snapshot " << snapshot.id << " with " << count << " points\n";

  // Closes all files; handles that are left return UNAVAILABLE from now on.
  database.reset();
  if (argc < 2) std::filesystem::remove_all(path);
  return count == 4 ? 0 : 1;
}
