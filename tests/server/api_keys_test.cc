#include "server/api_keys.h"

#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

#include <fstream>

namespace sagitta::server {
namespace {

TEST(ApiKeys, WithoutKeysEverythingIsAllowed) {
  const ApiKeys keys = ApiKeys::AllowAll();
  EXPECT_FALSE(keys.required());
  EXPECT_TRUE(keys.Authorize("", Scope::kAdmin).ok());
}

TEST(ApiKeys, ScopesAllowWhatTheySay) {
  struct Case {
    const char* scopes;
    bool read, write, admin;
  };
  const Case cases[] = {{"read", true, false, false},
                        {"write", false, true, false},
                        {"read,write", true, true, false},
                        {"admin", true, true, true}};
  for (const Case& c : cases) {
    auto made = ApiKeys::Generate("ops-1", c.scopes);
    ASSERT_TRUE(made.ok());
    auto keys = ApiKeys::Parse("# comment\n\n" + made->line + "  # trailing\n");
    ASSERT_TRUE(keys.ok()) << keys.status().ToString();
    const std::pair<Scope, bool> scopes[] = {
        {Scope::kRead, c.read}, {Scope::kWrite, c.write}, {Scope::kAdmin, c.admin}};
    for (const auto& [scope, allowed] : scopes) {
      const Status status = keys->Authorize(made->key, scope);
      EXPECT_EQ(status.code(), allowed ? StatusCode::kOk : StatusCode::kPermissionDenied)
          << c.scopes << " for " << ScopeName(scope);
    }
  }
}

TEST(ApiKeys, WrongKeysAreUnauthenticated) {
  auto made = ApiKeys::Generate("ops", "admin");
  ASSERT_TRUE(made.ok());
  auto keys = ApiKeys::Parse(made->line);
  ASSERT_TRUE(keys.ok());
  std::string changed = made->key;
  changed.back() = changed.back() == 'a' ? 'b' : 'a';
  const std::string wrong[] = {"",
                               "sgk_",
                               "sgk_ops",
                               "sgk_ops_",
                               "ops",
                               changed,
                               made->key + "x",
                               made->key.substr(0, made->key.size() - 1),
                               "sgk_other" + made->key.substr(7),
                               "SGK" + made->key.substr(3),
                               std::string(100000, 'x'),
                               std::string("sgk_\0_\0", 7)};
  for (const std::string& key : wrong) {
    EXPECT_EQ(keys->Authorize(key, Scope::kRead).code(), StatusCode::kUnauthenticated) << key;
  }
}

TEST(ApiKeys, BadLinesAreNamedAndNotShown) {
  const std::string digest = "sha256:" + std::string(64, 'a');
  const std::pair<std::string, std::string> cases[] = {
      {"", "there is no key"},
      {"# only a comment\n", "there is no key"},
      {"ops read\n", "line 1"},
      {"good read " + digest + "\nops everything " + digest, "line 2"},
      {"OPS read " + digest, "line 1"},
      {"ops read sha256:12", "line 1"},
      {"ops read md5:" + std::string(64, 'a'), "line 1"},
      {"ops read " + digest + " more", "line 1"},
      {"ops read " + digest + "\nops write " + digest, "twice"}};
  for (const auto& [text, expected] : cases) {
    auto keys = ApiKeys::Parse(text);
    ASSERT_FALSE(keys.ok()) << text;
    EXPECT_NE(keys.status().ToString().find(expected), std::string::npos)
        << keys.status().ToString();
    EXPECT_EQ(keys.status().ToString().find("aaaa"), std::string::npos);
  }
}

TEST(ApiKeys, AFileThatOthersMayReadIsRefused) {
  const std::string path = ::testing::TempDir() + "/sagitta_keys_" + std::to_string(getpid());
  auto made = ApiKeys::Generate("ops", "admin");
  ASSERT_TRUE(made.ok());
  std::ofstream(path) << made->line << "\n";
  ASSERT_EQ(chmod(path.c_str(), 0644), 0);
  EXPECT_EQ(ApiKeys::Load(path).status().code(), StatusCode::kPermissionDenied);
  ASSERT_EQ(chmod(path.c_str(), 0600), 0);
  auto keys = ApiKeys::Load(path);
  ASSERT_TRUE(keys.ok()) << keys.status().ToString();
  EXPECT_TRUE(keys->Authorize(made->key, Scope::kAdmin).ok());
  unlink(path.c_str());
  EXPECT_FALSE(ApiKeys::Load(path).ok());
}

TEST(ApiKeys, GeneratedKeysDiffer) {
  auto one = ApiKeys::Generate("ops", "read"), two = ApiKeys::Generate("ops", "read");
  ASSERT_TRUE(one.ok() && two.ok());
  EXPECT_NE(one->key, two->key);
  EXPECT_FALSE(ApiKeys::Generate("Ops", "read").ok());
  EXPECT_FALSE(ApiKeys::Generate("ops", "root").ok());
}

}  // namespace
}  // namespace sagitta::server
