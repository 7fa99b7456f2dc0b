// sagitta compact …, sagitta jobs: the compactor.

#include <algorithm>
#include <memory>
#include <optional>

#include "cli/proto_json.h"
#include "cli/session.h"
#include "cli/sparkline.h"

namespace sagitta::cli {
namespace {

using Stub = v1::AdminService::Stub;

Outcome WaitIndexed(Session& session, Connection& connection, const std::string& collection) {
  grpc::ClientContext context;
  connection.Prepare(&context, -1);  // as long as it takes
  v1::WaitIndexedRequest request;
  request.set_collection(collection);
  auto reader = connection.admin().WaitIndexed(&context, request);
  Progress progress = session.NewProgress("indexing " + collection, "", std::nullopt);
  v1::WaitIndexedResponse response;
  bool done = false;
  while (reader->Read(&response)) {
    done = response.done();
    progress.Update(0, done ? 1.0 : response.progress());
  }
  SAGITTA_CLI_RETURN_IF_FAILED(connection.Explain(reader->Finish()));
  if (!done) return Outcome::Failure("the server ended the wait before it was done");
  progress.Finish();
  return Outcome::Ok();
}

Outcome Pause(Session& session, bool paused) {
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::PauseCompactionRequest request;
  request.set_paused(paused);
  v1::PauseCompactionResponse response;
  return connection->Call(connection->admin(), &Stub::PauseCompaction, request, &response);
}

void AddJobRow(Table& table, const v1::Job& job) {
  const bool running = job.state() == v1::JOB_STATE_RUNNING;
  table.AddRow({std::to_string(job.id()), job.collection(), std::to_string(job.shard()), job.kind(),
                EnumName(*v1::JobState_descriptor(), job.state()), job.phase(),
                FormatFixed(job.progress() * 100, 0) + " %", FormatCount(job.rows()),
                FormatTime(job.started_ms()),
                running ? FormatSeconds(job.eta_seconds())
                : job.finished_ms() > 0
                    ? FormatSeconds(static_cast<double>(job.finished_ms() - job.started_ms()) / 1e3)
                    : "",
                job.error()});
}

// What a table has no room for: the losses of a training, and what came of it.
void PrintTraining(Session& session, const v1::Job& job) {
  if (job.losses().empty() && job.note().empty()) return;
  session.out() << "job " << job.id() << ":";
  if (!job.losses().empty()) {
    session.out() << " loss " << FormatFixed(job.losses(0), 3) << " "
                  << Sparkline({job.losses().data(), static_cast<size_t>(job.losses_size())}) << " "
                  << FormatFixed(*job.losses().rbegin(), 3);
  }
  session.out() << (job.note().empty() ? "" : " " + EscapeControls(job.note())) << "\n";
}

Outcome CancelJob(Session& session, uint64_t id) {
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::CancelJobRequest request;
  request.set_job(id);
  v1::CancelJobResponse response;
  return connection->Call(connection->models(), &v1::ModelService::Stub::CancelJob, request,
                          &response);
}

Outcome PrintJobs(Session& session, bool recent, const std::string& collection) {
  Connection* connection = nullptr;
  SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
  v1::GetCompactionResponse response;
  SAGITTA_CLI_RETURN_IF_FAILED(connection->Call(connection->admin(), &Stub::GetCompaction,
                                                v1::GetCompactionRequest(), &response));
  auto keep = [&](google::protobuf::RepeatedPtrField<v1::Job>* jobs) {
    if (collection.empty()) return;
    jobs->erase(std::remove_if(jobs->begin(), jobs->end(),
                               [&](const v1::Job& job) { return job.collection() != collection; }),
                jobs->end());
  };
  keep(response.mutable_running());
  keep(response.mutable_recent());
  if (!recent) response.clear_recent();
  if (session.json()) {
    session.PrintJson(ProtoToJson(response));
    return Outcome::Ok();
  }
  session.out() << "compactor: " << (response.paused() ? "paused" : "active") << ", "
                << response.running_size() << " running, " << response.pending() << " pending\n";
  if (response.running().empty() && response.recent().empty()) return Outcome::Ok();
  Table table({{"JOB", Table::Align::kRight},
               {"COLLECTION"},
               {"SHARD", Table::Align::kRight},
               {"KIND"},
               {"STATE"},
               {"PHASE"},
               {"DONE", Table::Align::kRight},
               {"ROWS", Table::Align::kRight},
               {"STARTED"},
               {"ETA/TOOK", Table::Align::kRight},
               {"ERROR"}});
  for (const auto& job : response.running()) AddJobRow(table, job);
  for (const auto& job : response.recent()) AddJobRow(table, job);
  table.Print(session.out());
  for (const auto& job : response.running()) PrintTraining(session, job);
  for (const auto& job : response.recent()) PrintTraining(session, job);
  return Outcome::Ok();
}

}  // namespace

void AddCompactCommands(CLI::App& app, Commands& commands) {
  auto* group = app.add_subcommand("compact", "Seal and index, pause, resume, watch");
  group->require_subcommand(1);
  auto collection = std::make_shared<std::string>();
  auto wait = std::make_shared<bool>(false);

  auto* start = group->add_subcommand("start", "Seal every row and merge segments");
  start->add_option("collection", *collection, "Name or alias")->required();
  start->add_flag("--wait", *wait, "Return when all is indexed, with a progress bar");
  commands.Bind(start, [collection, wait](Session& session) -> Outcome {
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    v1::CompactRequest request;
    request.set_collection(*collection);
    v1::CompactResponse response;
    SAGITTA_CLI_RETURN_IF_FAILED(
        connection->Call(connection->admin(), &Stub::Compact, request, &response));
    return *wait ? WaitIndexed(session, *connection, *collection) : Outcome::Ok();
  });

  auto* wait_app = group->add_subcommand("wait", "Seal, and return when all is indexed");
  wait_app->add_option("collection", *collection, "Name or alias")->required();
  commands.Bind(wait_app, [collection](Session& session) -> Outcome {
    Connection* connection = nullptr;
    SAGITTA_CLI_RETURN_IF_FAILED(session.Connect(&connection));
    return WaitIndexed(session, *connection, *collection);
  });

  commands.Bind(group->add_subcommand("pause", "Start no further jobs, of any collection"),
                [](Session& session) { return Pause(session, true); });
  commands.Bind(group->add_subcommand("resume", "Go on"),
                [](Session& session) { return Pause(session, false); });
  commands.Bind(group->add_subcommand("status", "Whether it is paused, and what runs"),
                [](Session& session) { return PrintJobs(session, false, ""); });

  auto* jobs = app.add_subcommand("jobs", "Jobs of the compactor and trainings of models");
  auto cancel = std::make_shared<std::optional<uint64_t>>();
  jobs->add_option("collection", *collection, "Only of this collection (its name)");
  jobs->add_option("--cancel", *cancel, "End this training (its number) for good");
  commands.Bind(jobs, [collection, cancel](Session& session) {
    return *cancel ? CancelJob(session, **cancel) : PrintJobs(session, true, *collection);
  });
}

}  // namespace sagitta::cli
