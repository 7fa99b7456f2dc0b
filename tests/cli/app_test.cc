#include <gtest/gtest.h>

#include <sstream>

#include "cli/session.h"
#include "tests/cli/test_files.h"

namespace sagitta::cli {
namespace {

struct Ran {
  int exit_code;
  std::string out;
  std::string err;
};

Ran Tool(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), "sagitta");
  std::vector<const char*> argv;
  for (const auto& argument : arguments) argv.push_back(argument.c_str());
  std::ostringstream out, err;
  const int code = RunTool(static_cast<int>(argv.size()), argv.data(), out, err);
  return {code, out.str(), err.str()};
}

// Nothing listens at the discard port of the loopback.
const std::string kNowhere = "--address=127.0.0.1:9";

TEST(App, HelpAndVersionGoToStandardOutput) {
  const Ran help = Tool({"--help"});
  EXPECT_EQ(help.exit_code, 0);
  for (const char* word : {"collection", "points", "import", "bench", "Exit codes"}) {
    EXPECT_NE(help.out.find(word), std::string::npos) << word;
  }
  EXPECT_EQ(help.err, "");
  EXPECT_EQ(Tool({"--version"}).exit_code, 0);
  EXPECT_NE(Tool({"bench", "query", "--help"}).out.find("--ground-truth"), std::string::npos);
}

TEST(App, WrongCommandLinesExitWithTwo) {
  for (const auto& arguments : std::vector<std::vector<std::string>>{
           {},
           {"collections"},
           {"collection"},
           {"collection", "create"},
           {"collection", "create", "x"},
           {"collection", "create", "x", "--dim", "abc"},
           {"collection", "create", "x", "--dim", "4", "--metric", "L3"},
           {"collection", "create", "x", "--field", "a:b:L2"},
           {"query", "x"},
           {"query", "x", "--vector", "[1]", "--id", "2"},
           {"query", "x", "--vector", "[1]", "--filter", "{\"eqq\":1}"},
           {"points", "delete", "x"},
           {"points", "scroll", "x", "--cursor", "zz"},
           {"points", "get", "x", "uuid:bad"},
           {"--output", "xml", "collection", "list"},
           {"completion", "tcsh"},
           {"bench", "query", "x", "--vectors", "f", "--label-key", "label"}}) {
    const Ran ran = Tool(arguments);
    EXPECT_EQ(ran.exit_code, 2) << ::testing::PrintToString(arguments) << ran.err;
    EXPECT_EQ(ran.out, "") << ::testing::PrintToString(arguments);
    EXPECT_NE(ran.err, "");
  }
}

TEST(App, NoServerIs69AndNamesTheAddress) {
  const Ran ran = Tool({kNowhere, "collection", "list", "--timeout", "5"});
  EXPECT_EQ(ran.exit_code, 69) << ran.err;
  EXPECT_NE(ran.err.find("127.0.0.1:9"), std::string::npos) << ran.err;
  EXPECT_EQ(Tool({kNowhere, "health"}).exit_code, 69);
  EXPECT_EQ(Tool({kNowhere, "query", "x", "--vector", "[1,2]", "-o", "json"}).exit_code, 69);
}

TEST(App, DropsNeedYesWithoutATerminal) {
  if (isatty(0) && isatty(2)) GTEST_SKIP() << "a terminal would ask";
  EXPECT_EQ(Tool({kNowhere, "collection", "drop", "x"}).exit_code, 2);
  EXPECT_EQ(Tool({kNowhere, "snapshot", "delete", "x"}).exit_code, 2);
  EXPECT_EQ(Tool({kNowhere, "collection", "drop", "x", "--yes"}).exit_code, 69);
}

class AppFiles : public TestFiles {};

TEST_F(AppFiles, MissingAndBadInput) {
  EXPECT_EQ(Tool({kNowhere, "import", Path("none.npy"), "-c", "x"}).exit_code, 66);
  EXPECT_EQ(Tool({kNowhere, "query", "x", "--vectors", Path("none.npy")}).exit_code, 66);
  EXPECT_EQ(Tool({kNowhere, "query", "x", "--vectors", Write("bad.npy", "abc")}).exit_code, 65);
  EXPECT_EQ(Tool({kNowhere, "--api-key-file", Path("none"), "stats"}).exit_code, 66);
  const std::string one = Write("one.npy", NpyOf("<f4", "(1, 1)", "abcd"));
  const Ran row = Tool({kNowhere, "query", "x", "--vectors", one, "--row", "1"});
  EXPECT_EQ(row.exit_code, 65);
  EXPECT_NE(row.err.find("has no row 1"), std::string::npos) << row.err;
}

TEST(App, CompletionKnowsEveryCommand) {
  for (const char* shell : {"bash", "zsh", "fish"}) {
    const Ran ran = Tool({"completion", shell});
    EXPECT_EQ(ran.exit_code, 0);
    for (const char* word : {"collection alias", "bench insert", "--ef-construction",
                             "delete-payload", "payload-index"}) {
      EXPECT_NE(ran.out.find(word), std::string::npos) << shell << " " << word;
    }
  }
}

TEST_F(AppFiles, BashCompletionWorksInBash) {
  const std::string script = Write("complete.bash", Tool({"completion", "bash"}).out);
  const std::string command =
      "bash -c 'source " + script +
      "; COMP_WORDS=(sagitta --address x collection al); COMP_CWORD=4; _sagitta; "
      "printf %s \"${COMPREPLY[*]}\"' > " +
      Path("out");
  ASSERT_EQ(std::system(command.c_str()), 0);
  EXPECT_EQ(ReadAll(Path("out")), "alias");
}

}  // namespace
}  // namespace sagitta::cli
