// sagitta bench query: closed-loop load with recall and label accuracy.

#include <memory>

#include "cli/bench_insert.h"
#include "cli/exact_answers.h"
#include "cli/load.h"
#include "cli/query_options.h"
#include "cli/recall.h"
#include "cli/session.h"
#include "cli/vector_reader.h"
#include "cli/wire_json.h"

namespace sagitta::cli {
namespace {

constexpr uint64_t kMaxQueryBytes = uint64_t{2} << 30;

struct Options {
  std::string collection;
  std::string vectors;
  QueryOptions query;
  size_t clients = 8;
  bool stream = false;
  std::optional<double> seconds;
  std::optional<uint64_t> count;
  uint64_t max_vectors = 10'000;
  uint64_t warmup = 200;
  size_t recall_sample = 1000;
  bool no_recall = false;
  std::string ground_truth;
  std::string label_key;
  std::string query_labels;
};

struct Report {
  LoadResult load;
  std::optional<double> recall;
  size_t recall_queries = 0;
  std::optional<double> accuracy;
  size_t accuracy_queries = 0;
};

Outcome BuildRequests(const Options& o, std::vector<v1::QueryRequest>* requests) {
  SAGITTA_ASSIGN_OR_RETURN(const VectorBlock block,
                           ReadVectorFile(o.vectors, o.max_vectors, kMaxQueryBytes));
  if (block.rows == 0) return Status::InvalidArgument("", o.vectors + ": has no rows");
  v1::QueryRequest base;
  base.set_collection(o.collection);
  SAGITTA_CLI_RETURN_IF_FAILED(o.query.Apply(base.mutable_query()));
  requests->assign(block.rows, base);
  for (size_t i = 0; i < block.rows; ++i) {
    VectorToWire(block.Row(i), (*requests)[i].mutable_query()->mutable_vector());
  }
  return Outcome::Ok();
}

// True for `sample` of the first `n`, evenly spread.
std::vector<bool> Spread(size_t n, size_t sample) {
  std::vector<bool> keep(n, sample >= n);
  for (size_t i = 0; sample < n && i < sample; ++i) keep[i * n / sample] = true;
  return keep;
}

LoadResult RunPass(Session& session, Connection& connection, const std::string& label,
                   const std::vector<v1::QueryRequest>& requests, const LoadOptions& options) {
  std::optional<uint64_t> total;
  if (!options.seconds) total = options.count;
  Progress progress = session.NewProgress(label, "queries", total);
  auto result =
      RunLoad(connection, requests, options, [&](uint64_t done) { progress.Update(done); });
  progress.Finish();
  return result;
}

// Against the ids in a file.
Outcome SumByGroundTruth(const Options& o, const std::vector<v1::QueryRequest>& requests,
                         Report* report, double* sum) {
  SAGITTA_ASSIGN_OR_RETURN(const VectorBlock truth,
                           ReadVectorFile(o.ground_truth, requests.size(), kMaxQueryBytes));
  const bool integers = truth.element != Element::kF32 && truth.element != Element::kF16 &&
                        truth.element != Element::kF64;
  if (!integers) {
    return Status::InvalidArgument(
        "", o.ground_truth + ": holds no integers; rows of ids (row numbers) are expected");
  }
  for (size_t i = 0; i < truth.rows && i < requests.size(); ++i) {
    if (!report->load.responses[i]) continue;
    *sum += RecallAgainst(truth, i, *report->load.responses[i], o.query.k);
    ++report->recall_queries;
  }
  return Outcome::Ok();
}

// Against the answers of full scans.
Outcome SumByExactAnswers(const Options& o, Session& session, Connection& connection,
                          const std::vector<v1::QueryRequest>& requests, Report* report,
                          double* sum) {
  std::vector<v1::QueryRequest> kept;
  std::vector<size_t> rows;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (!report->load.responses[i]) continue;
    rows.push_back(i);
    kept.push_back(requests[i]);
  }
  Progress progress = session.NewProgress("exact", "queries", kept.size());
  std::vector<v1::QueryResponse> truth;
  SAGITTA_CLI_RETURN_IF_FAILED(FindExactAnswers(
      connection, kept, o.clients, [&](uint64_t done) { progress.Update(done); }, &truth));
  progress.Finish();
  for (size_t i = 0; i < rows.size(); ++i) {
    *sum += RecallAgainst(truth[i], *report->load.responses[rows[i]], o.query.k);
  }
  report->recall_queries = rows.size();
  return Outcome::Ok();
}

Outcome MeasureRecall(const Options& o, Session& session, Connection& connection,
                      const std::vector<v1::QueryRequest>& requests, Report* report) {
  double sum = 0;
  SAGITTA_CLI_RETURN_IF_FAILED(
      o.ground_truth.empty() ? SumByExactAnswers(o, session, connection, requests, report, &sum)
                             : SumByGroundTruth(o, requests, report, &sum));
  if (report->recall_queries > 0) {
    report->recall = sum / static_cast<double>(report->recall_queries);
  }
  return Outcome::Ok();
}

// A pass of its own, as fetching payloads would slow the measured one.
Outcome MeasureAccuracy(const Options& o, Session& session, Connection& connection,
                        std::vector<v1::QueryRequest> requests, Report* report) {
  SAGITTA_ASSIGN_OR_RETURN(const std::vector<int64_t> labels, ReadLabels(o.query_labels));
  if (labels.size() < requests.size()) {
    return Status::InvalidArgument("", o.query_labels + ": has " + std::to_string(labels.size()) +
                                           " labels, there are " + std::to_string(requests.size()) +
                                           " queries");
  }
  for (auto& request : requests) {
    request.mutable_query()->mutable_select()->set_payload(true);
    request.mutable_query()->mutable_select()->add_payload_keys(o.label_key);
  }
  const LoadOptions load{o.clients, requests.size(), {}, std::vector<bool>(requests.size(), true)};
  const LoadResult answers = RunPass(session, connection, "labels", requests, load);
  if (answers.errors > 0) return answers.first_error;
  size_t right = 0;
  for (size_t i = 0; i < requests.size(); ++i) {
    if (VoteLabel(*answers.responses[i], o.label_key) == labels[i]) ++right;
  }
  report->accuracy_queries = requests.size();
  report->accuracy = static_cast<double>(right) / static_cast<double>(requests.size());
  return Outcome::Ok();
}

void PrintReport(const Options& o, Session& session, const Report& r) {
  const auto& latency = r.load.latency;
  const double rate =
      r.load.seconds > 0 ? static_cast<double>(latency.count()) / r.load.seconds : 0;
  auto ms = [&](double p) { return Milliseconds(latency.Percentile(p)); };
  if (session.json()) {
    nlohmann::json out = {{"queries", latency.count()},
                          {"errors", r.load.errors},
                          {"clients", o.clients},
                          {"k", o.query.k},
                          {"seconds", r.load.seconds},
                          {"queries_per_second", rate},
                          {"latency_ms",
                           {{"mean", Milliseconds(latency.Mean())},
                            {"p50", ms(0.5)},
                            {"p90", ms(0.9)},
                            {"p99", ms(0.99)},
                            {"max", Milliseconds(latency.Max())}}}};
    if (r.recall) out["recall"] = *r.recall, out["recall_queries"] = r.recall_queries;
    if (r.accuracy) {
      out["label_accuracy"] = *r.accuracy;
      out["label_queries"] = r.accuracy_queries;
    }
    return session.PrintJson(out);
  }
  Table table({{"MEASURE"}, {"VALUE", Table::Align::kRight}});
  table.AddRow({"queries", FormatCount(latency.count())});
  table.AddRow({"errors", FormatCount(r.load.errors)});
  table.AddRow({"clients", std::to_string(o.clients)});
  table.AddRow({"time", FormatSeconds(r.load.seconds)});
  table.AddRow({"queries/s", FormatFixed(rate, 1)});
  table.AddRow({"p50", FormatFixed(ms(0.5), 3) + " ms"});
  table.AddRow({"p90", FormatFixed(ms(0.9), 3) + " ms"});
  table.AddRow({"p99", FormatFixed(ms(0.99), 3) + " ms"});
  table.AddRow({"max", FormatFixed(Milliseconds(latency.Max()), 3) + " ms"});
  if (r.recall) {
    table.AddRow(
        {"recall@" + std::to_string(o.query.k) + " (" + FormatCount(r.recall_queries) + " queries)",
         FormatFixed(*r.recall, 4)});
  }
  if (r.accuracy) {
    table.AddRow({"label accuracy (" + FormatCount(r.accuracy_queries) + " queries)",
                  FormatFixed(*r.accuracy, 4)});
  }
  table.Print(session.out());
}

Outcome RunBench(const Options& o, Session& session) {
  if (o.label_key.empty() != o.query_labels.empty()) {
    return Outcome::Usage("--label-key and --query-labels go together");
  }
  if (o.seconds && o.count) return Outcome::Usage("one of --seconds and --queries");
  std::vector<v1::QueryRequest> requests;
  SAGITTA_CLI_RETURN_IF_FAILED(BuildRequests(o, &requests));
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::QueryResponse probe;  // a wrong dim or name is found before the clients start
  SAGITTA_CLI_RETURN_IF_FAILED(
      connection->Call(connection->queries(), &v1::QueryService::Stub::Query, requests[0], &probe));
  if (o.warmup > 0) {
    RunLoad(*connection, requests, LoadOptions{o.clients, o.warmup, {}, {}, o.stream},
            [](uint64_t) {});
  }
  LoadOptions load{o.clients, o.count.value_or(requests.size()), o.seconds, {}, o.stream};
  if (!o.no_recall) {
    load.keep = Spread(requests.size(), o.ground_truth.empty() ? o.recall_sample : requests.size());
  }
  Report report;
  report.load = RunPass(session, *connection, "queries", requests, load);
  if (report.load.latency.count() == 0) return report.load.first_error;
  if (report.load.errors > 0) report.load.first_error.Print(session.err());
  if (!o.no_recall) {
    SAGITTA_CLI_RETURN_IF_FAILED(MeasureRecall(o, session, *connection, requests, &report));
  }
  if (!o.label_key.empty()) {
    SAGITTA_CLI_RETURN_IF_FAILED(MeasureAccuracy(o, session, *connection, requests, &report));
  }
  PrintReport(o, session, report);
  return Outcome::Ok();
}

void AddBenchQuery(CLI::App& group, Commands& commands) {
  auto* sub = group.add_subcommand("query", "Queries/s, latency, recall and label accuracy");
  auto o = std::make_shared<Options>();
  sub->add_option("collection", o->collection, "Name or alias")->required();
  sub->add_option("--vectors", o->vectors, "File of query vectors")->required();
  sub->add_option("--max-vectors", o->max_vectors, "Rows of it that are used")
      ->check(CLI::Range(uint64_t{1}, uint64_t{10'000'000}))
      ->capture_default_str();
  o->query.AddTo(*sub);
  sub->add_option("--clients", o->clients, "Clients, each waiting for its answer")
      ->check(CLI::Range(1, 1024))
      ->capture_default_str();
  sub->add_flag("--stream", o->stream, "Each client's queries go over one call, as a QueryStream");
  sub->add_option("--seconds", o->seconds, "Run so long")->check(CLI::Range(0.1, 1e6));
  sub->add_option("--queries", o->count, "Send so many [each vector once]")
      ->check(CLI::Range(uint64_t{1}, uint64_t{1} << 40));
  sub->add_option("--warmup", o->warmup, "Queries before the measured ones")->capture_default_str();
  sub->add_option("--recall-sample", o->recall_sample, "Queries compared with a full scan")
      ->check(CLI::Range(1, 10'000'000))
      ->capture_default_str();
  sub->add_flag("--no-recall", o->no_recall, "Do not measure recall");
  sub->add_option("--ground-truth", o->ground_truth,
                  "ivecs or npy: the true neighbours' row numbers, instead of a full scan");
  sub->add_option("--label-key", o->label_key, "Payload key of the stored points' labels");
  sub->add_option("--query-labels", o->query_labels, "idx1 or npy: the queries' labels");
  commands.Bind(sub, [o](Session& session) { return RunBench(*o, session); });
}

}  // namespace

void AddBenchCommands(CLI::App& app, Commands& commands) {
  auto* group = app.add_subcommand("bench", "Measure a server");
  group->require_subcommand(1);
  AddBenchQuery(*group, commands);
  AddBenchInsert(*group, commands);
}

}  // namespace sagitta::cli
