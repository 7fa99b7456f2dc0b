#include "cli/import_state.h"

#include "tests/cli/test_files.h"

namespace sagitta::cli {
namespace {

class ImportStateTest : public TestFiles {};

TEST_F(ImportStateTest, OnlyTheVeryImportGoesOn) {
  auto state = ImportState::Of(Write("in.npy", "abc"));
  ASSERT_TRUE(state.ok());
  state->address = "127.0.0.1:6980";
  state->collection = "c";
  state->rows = 512;
  const std::string path = Path("state/deep/state.json");
  const Status saved = state->Save(path);
  ASSERT_TRUE(saved.ok()) << saved.ToString();
  EXPECT_EQ(state->LoadRows(path), 512u);
  for (auto change :
       {+[](ImportState& s) { s.collection = "d"; }, +[](ImportState& s) { s.address = "other:1"; },
        +[](ImportState& s) { s.size = 4; }, +[](ImportState& s) { ++s.modified_ns; },
        +[](ImportState& s) { s.field = "f"; }}) {
    ImportState other = *state;
    change(other);
    EXPECT_FALSE(other.LoadRows(path).has_value());
  }
}

TEST_F(ImportStateTest, DamagedStateIsNone) {
  auto state = ImportState::Of(Write("in.npy", "abc"));
  EXPECT_FALSE(state->LoadRows(Path("none")).has_value());
  for (const char* text : {"", "{", "[]", "{\"rows\":5}", "{\"rows\":-1}"}) {
    EXPECT_FALSE(state->LoadRows(Write("bad.json", text)).has_value()) << text;
  }
  EXPECT_EQ(ImportState::Of(Path("none")).status().code(), StatusCode::kNotFound);
}

TEST_F(ImportStateTest, DefaultPathDependsOnTheTarget) {
  setenv("XDG_STATE_HOME", Path("xdg").c_str(), 1);
  auto a = ImportState::Of(Write("in.npy", "abc"));
  auto b = a;
  b->collection = "other";
  EXPECT_TRUE(a->DefaultPath().starts_with(Path("xdg") + "/sagitta/import-"));
  EXPECT_NE(a->DefaultPath(), b->DefaultPath());
  unsetenv("XDG_STATE_HOME");
}

}  // namespace
}  // namespace sagitta::cli
