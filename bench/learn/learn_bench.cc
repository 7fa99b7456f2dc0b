// Maps between two embedding models and learned recurrent codes: how often a query finds its own
// document, by what was done to both, and what the training took.
//
//   learn_bench QUERIES.npy DOCUMENTS.npy [name=value…]
//   learn_bench DOCUMENTS.npy [name=value…]
//   learn_bench OLD_DOCUMENTS.npy OLD_QUERIES.npy NEW_DOCUMENTS.npy NEW_QUERIES.npy [name=value…]
//
// Rows i of the two files (f16 or f32) embed the same text with two models; embed_texts.py makes
// such files. `train` pairs (5000) are trained on, `test` others (3000) are asked for among all
// documents. With one file codes are trained to tell neighbours apart, and the figures are the
// share of the ten nearest; with four a new model is trained against an old one's codes, of which
// model only the first old_dim numbers are taken, and of all the first `rows` rows. adapters=0 and
// codes=0 leave out a part; steps, batch, hidden, rate, bits, seed, threads, hard and temperature
// are BinarizerOptions'.
#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <ctime>
#include <map>
#include <string>

#include "bench/index/npy_rows.h"
#include "learn/adapter.h"
#include "learn/binarizer_plan.h"
#include "learn/random.h"
#include "learn/retrieval.h"
#include "learn/train_binarizer.h"

namespace sagitta::bench {
namespace {

using learn::Matrix;

// Of all threads: what others do on the machine does not matter much.
double CpuSeconds() { return static_cast<double>(std::clock()) / CLOCKS_PER_SEC; }

[[noreturn]] void Fail(const std::string& what) {
  std::fprintf(stderr, "learn_bench: %s\n", what.c_str());
  std::exit(1);
}

template <typename T>
T Must(Result<T> result) {
  if (!result.ok()) Fail(result.status().ToString());
  return std::move(result).value();
}

Matrix Read(const std::string& path) {
  Images rows = ReadNpyRows(path);
  if (rows.n == 0) Fail(path + " is no .npy matrix of f16 or f32");
  Matrix matrix;
  matrix.n = rows.n;
  matrix.dim = rows.dim;
  matrix.values = std::move(rows.values);
  learn::NormaliseRows(&matrix);
  return matrix;
}

// The first rows and numbers; 0 = all of them.
Matrix Cut(const Matrix& from, size_t rows, size_t dim) {
  Matrix out(rows > 0 ? std::min(rows, from.n) : from.n, dim > 0 ? dim : from.dim);
  for (size_t i = 0; i < out.n; ++i) std::copy_n(from.row(i), out.dim, out.row(i));
  learn::NormaliseRows(&out);
  return out;
}

struct Settings {
  std::map<std::string, std::string> values;
  double Get(const std::string& name, double usual) const {
    const auto found = values.find(name);
    return found == values.end() ? usual : std::atof(found->second.c_str());
  }
};

// What is trained on, and what is asked for.
struct Pairs {
  Matrix queries, documents;
  Matrix train_queries, train_documents, test_queries;
  std::vector<uint32_t> own;
};

void PrintRow(const std::string& name, learn::Retrieval found, double seconds) {
  std::printf("%-42s  %.4f  %.4f  %8.1f\n", name.c_str(), found.recall_at_1, found.recall_at_10,
              seconds);
  std::fflush(stdout);
}

Pairs Split(Matrix queries, Matrix documents, const Settings& settings) {
  if (queries.n != documents.n) Fail("the files differ in rows");
  const auto train = static_cast<size_t>(settings.Get("train", 5000));
  const auto test = static_cast<size_t>(settings.Get("test", 3000));
  if (train + test > queries.n) Fail("there are fewer rows than train + test");
  const std::vector<uint32_t> order = learn::Random(7).Permutation(queries.n);
  const auto middle = order.begin() + static_cast<ptrdiff_t>(train);
  const std::vector<uint32_t> trained(order.begin(), middle);
  Pairs pairs;
  pairs.own.assign(middle, middle + static_cast<ptrdiff_t>(test));
  pairs.train_queries = learn::Gather(queries, trained);
  pairs.train_documents = learn::Gather(documents, trained);
  pairs.test_queries = learn::Gather(queries, pairs.own);
  pairs.queries = std::move(queries);
  pairs.documents = std::move(documents);
  return pairs;
}

void RunAdapter(const Pairs& pairs, AdapterKind kind, learn::AdapterFrame frame) {
  const bool centred = frame == learn::AdapterFrame::kCentred;
  const std::string name = std::string(learn::AdapterName(kind)) + (centred ? ", both sides" : "");
  const double start = CpuSeconds();
  const learn::AdapterResult result = Must(learn::TrainAdapter(
      {.kind = kind, .frame = frame}, pairs.train_queries, pairs.train_documents, CancelToken()));
  const double seconds = CpuSeconds() - start;
  PrintRow(name,
           Must(learn::EvaluateAdapter(result.adapter, pairs.test_queries, pairs.documents,
                                       pairs.own, CancelToken())),
           seconds);
}

learn::BinarizerOptions OptionsOf(const Settings& settings, uint32_t bits) {
  learn::BinarizerOptions options;
  options.bits = bits;
  options.steps = static_cast<uint32_t>(settings.Get("steps", 0));
  options.batch = static_cast<uint32_t>(settings.Get("batch", options.batch));
  options.hidden = static_cast<uint32_t>(settings.Get("hidden", options.hidden));
  options.learning_rate = static_cast<float>(settings.Get("rate", 0));
  options.seed = static_cast<uint64_t>(settings.Get("seed", 1));
  options.threads = static_cast<uint32_t>(settings.Get("threads", 0));
  options.temperature = static_cast<float>(settings.Get("temperature", options.temperature));
  options.hard_negatives = static_cast<uint32_t>(settings.Get("hard", options.hard_negatives));
  return options;
}

void PrintGate(const learn::BinarizerResult& result) {
  std::printf(
      "    held out: coded %.4f -> %.4f, float queries %.4f -> %.4f; loss %.3f -> %.3f; %s\n",
      result.before.coded, result.after.coded, result.before.float_query, result.after.float_query,
      result.losses.front(), result.losses.back(),
      result.published ? "published" : "not published");
  std::fflush(stdout);
}

// Of codes that are trained, or start and stay as they are.
struct Run {
  std::string name;
  learn::BinarizerOptions options;
  bool trained = true;
  const codec::Codec* documents = nullptr;  // codes them when the training leaves theirs alone
};

void RunCodes(const Pairs& pairs, Run run) {
  learn::BinarizerOptions& options = run.options;
  options.objective = learn::Objective::kPairs;
  const bool query_only = run.documents != nullptr;
  options.heads = query_only ? learn::Heads::kQueryOnly : learn::Heads::kSeparate;
  learn::BinarizerData data{.documents = pairs.train_documents, .queries = pairs.train_queries};
  data.old.codec = run.documents;
  const double start = CpuSeconds();
  const auto trainer = Must(learn::BinarizerTrainer::Create(options, data, CancelToken()));
  if (run.trained) {
    if (const Status status = trainer->Run(CancelToken()); !status.ok()) Fail(status.ToString());
  }
  const learn::BinarizerResult result = Must(trainer->Finish(CancelToken()));
  const double seconds = CpuSeconds() - start;
  const auto query = Must(codec::Codec::Deserialize(result.query_codec));
  const auto own = query_only ? nullptr : Must(codec::Codec::Deserialize(result.document_codec));
  const Matrix values =
      learn::DocumentValues(query_only ? *run.documents : *own, pairs.documents, options.threads);
  const auto found = [&](const Matrix& queries) {
    return Must(learn::MeasureOwn(queries, values, pairs.own, CancelToken()));
  };
  PrintRow(run.name, found(learn::CodedQueryValues(*query, pairs.test_queries, options.threads)),
           seconds);
  PrintRow("    float queries",
           found(learn::FloatQueryValues(dynamic_cast<const codec::LearnedCodec&>(*query),
                                         pairs.test_queries)),
           seconds);
  if (run.trained) PrintGate(result);
}

void RunAdapters(const Pairs& pairs) {
  if (pairs.queries.dim == pairs.documents.dim) {
    PrintRow("raw",
             Must(learn::MeasureOwn(pairs.test_queries, pairs.documents, pairs.own, CancelToken())),
             0);
  }
  for (const auto frame : {learn::AdapterFrame::kTarget, learn::AdapterFrame::kCentred}) {
    for (const AdapterKind kind :
         {AdapterKind::kCentre, AdapterKind::kProcrustes, AdapterKind::kRidge, AdapterKind::kMlp}) {
      if (kind == AdapterKind::kCentre && pairs.queries.dim != pairs.documents.dim) continue;
      RunAdapter(pairs, kind, frame);
    }
  }
}

void RunAllCodes(const Pairs& pairs, const Settings& settings) {
  const auto bits = static_cast<uint32_t>(settings.Get("bits", 2));
  const std::string suffix = ", " + std::to_string(bits) + " bits";
  learn::BinarizerOptions options = OptionsOf(settings, bits), raw = options;
  raw.map_queries = raw.centre_documents = false;
  const bool same = pairs.queries.dim == pairs.documents.dim;
  for (const uint32_t some : {1u, 2u, 4u}) {
    learn::BinarizerOptions plain = raw, mapped = options;
    plain.bits = mapped.bits = some;
    const std::string of = ", " + std::to_string(some) + " bits";
    if (same) RunCodes(pairs, {"untrained, raw" + of, plain, false});
    RunCodes(pairs, {"untrained, ridge, both sides" + of, mapped, false});
  }
  if (same) RunCodes(pairs, {"trained from raw" + suffix, raw});
  RunCodes(pairs, {"trained from ridge" + suffix, options});
  const auto old = Must(
      codec::TrainCodec({.kind = CodecKind::kRecurrent, .metric = Metric::kCosine, .bits = bits},
                        pairs.documents.values.data(), std::min<size_t>(20'000, pairs.documents.n),
                        static_cast<uint32_t>(pairs.documents.dim), CancelToken()));
  RunCodes(pairs, {"untrained, codes that stay" + suffix, options, false, old.get()});
  RunCodes(pairs, {"trained, codes that stay" + suffix, options, true, old.get()});
}

void RunNeighbours(const Matrix& documents, const Settings& settings) {
  for (const uint32_t bits : {1u, 2u, 4u}) {
    if (settings.Get("bits", bits) != bits) continue;
    const double start = CpuSeconds();
    const learn::BinarizerResult result = Must(
        learn::TrainBinarizer(OptionsOf(settings, bits), {.documents = documents}, CancelToken()));
    std::printf("neighbours, %u bits: %.1f s of CPU\n", bits, CpuSeconds() - start);
    PrintGate(result);
  }
}

// OLD_DOCUMENTS OLD_QUERIES NEW_DOCUMENTS NEW_QUERIES: the new model's queries on the old codes.
void RunCompatible(const std::vector<std::string>& files, const Settings& settings) {
  const auto rows = static_cast<size_t>(settings.Get("rows", 0));
  const auto old_dim = static_cast<size_t>(settings.Get("old_dim", 0));
  const Matrix old_documents = Cut(Read(files[0]), rows, old_dim);
  const Matrix old_queries = Cut(Read(files[1]), rows, old_dim);
  const Matrix documents = Cut(Read(files[2]), rows, 0), queries = Cut(Read(files[3]), rows, 0);
  const auto bits = static_cast<uint32_t>(settings.Get("bits", 2));
  const auto old = Must(
      codec::TrainCodec({.kind = CodecKind::kRecurrent, .metric = Metric::kCosine, .bits = bits},
                        old_documents.values.data(), std::min<size_t>(20'000, old_documents.n),
                        static_cast<uint32_t>(old_documents.dim), CancelToken()));
  learn::BinarizerOptions options = OptionsOf(settings, bits);
  options.objective = learn::Objective::kPairs;
  learn::BinarizerData data{.documents = documents, .queries = queries};
  data.old = {old.get(), old_documents, old_queries};
  const double start = CpuSeconds();
  const learn::BinarizerResult result = Must(learn::TrainBinarizer(options, data, CancelToken()));
  std::printf(
      "compatible, %u bits: %.1f s of CPU; old queries on old codes %.4f; new queries on old codes "
      "%.4f -> %.4f: %s\n",
      bits, CpuSeconds() - start, result.old_alone, result.before.to_old, result.after.to_old,
      result.backward_compatible ? "compatible" : "not compatible");
  PrintGate(result);
}

int Main(int argc, char** argv) {
  std::vector<std::string> files;
  Settings settings;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    const size_t equal = argument.find('=');
    if (equal == std::string::npos) {
      files.push_back(argument);
    } else {
      settings.values[argument.substr(0, equal)] = argument.substr(equal + 1);
    }
  }
  if (files.size() == 1) {
    RunNeighbours(Read(files[0]), settings);
  } else if (files.size() == 2) {
    const Pairs pairs = Split(Read(files[0]), Read(files[1]), settings);
    std::printf("%-42s  %6s  %6s  %8s\n", "", "R@1", "R@10", "CPU s");
    if (settings.Get("adapters", 1) > 0) RunAdapters(pairs);
    if (settings.Get("codes", 1) > 0) RunAllCodes(pairs, settings);
  } else if (files.size() == 4) {
    RunCompatible(files, settings);
  } else {
    Fail("give one, two or four .npy files");
  }
  return 0;
}

}  // namespace
}  // namespace sagitta::bench

int main(int argc, char** argv) { return sagitta::bench::Main(argc, argv); }
