#include "server/config.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <set>

namespace sagitta::server {
namespace {

class ConfigTest : public ::testing::Test {
 protected:
  void SetUp() override {
    path_ = ::testing::TempDir() + "/sagitta_config_" + std::to_string(getpid()) + ".toml";
  }
  void TearDown() override { std::filesystem::remove(path_); }

  Result<ServerConfig> FromToml(const std::string& text) {
    std::ofstream(path_) << text;
    return LoadConfig(path_, {}, {});
  }

  std::string path_;
};

TEST_F(ConfigTest, DefaultsAreGood) {
  EXPECT_TRUE(ServerConfig().Validate().ok());
  auto config = LoadConfig("", {}, {});
  ASSERT_TRUE(config.ok());
  EXPECT_EQ(config->listen, "127.0.0.1:6980");
}

TEST_F(ConfigTest, EverySettingHasItsOwnNames) {
  std::set<std::string> keys, flags, variables;
  for (const ConfigKey& key : ConfigKeys()) {
    EXPECT_TRUE(keys.emplace(key.key).second) << key.key;
    EXPECT_TRUE(flags.emplace(key.flag).second) << key.flag;
    EXPECT_TRUE(variables.insert(key.EnvName()).second) << key.key;
    EXPECT_FALSE(key.help.empty()) << key.key;
  }
}

TEST_F(ConfigTest, TomlThenEnvironmentThenFlags) {
  std::ofstream(path_) << "data_dir = '/a'\n[server]\nmax_receive = '1MiB'\ngrace = '1s'\n"
                          "max_streams = 7\nreflection = false\n[log]\nlevel = 'debug'\n";
  auto config =
      LoadConfig(path_, {{"SAGITTA_GRACE", "2s"}, {"SAGITTA_LOG_LEVEL", "warn"}, {"HOME", "/"}},
                 {{"log-level", "error"}});
  ASSERT_TRUE(config.ok()) << config.status().ToString();
  EXPECT_EQ(config->data_dir, "/a");
  EXPECT_EQ(config->max_receive, 1u << 20);
  EXPECT_EQ(config->max_streams, 7u);
  EXPECT_FALSE(config->reflection);
  EXPECT_EQ(config->grace.count(), 2000);
  EXPECT_EQ(config->log_level, "error");
}

TEST_F(ConfigTest, BadTomlNamesLineAndNearestKey) {
  struct Case {
    const char* toml;
    const char* expected;
  };
  const Case cases[] = {
      {"[server]\nlistne = '127.0.0.1:1'\n", "did you mean \"server.listen\""},
      {"[server]\nlistne = '127.0.0.1:1'\n", ".toml:2"},
      {"[serve]\nlisten = '127.0.0.1:1'\n", "is not a setting"},
      {"listen = '127.0.0.1:1'\n", "did you mean \"server.listen\""},
      {"[engine]\nmemorylimit = '1GiB'\n", "did you mean \"engine.memory_limit\""},
      {"zzzzzzzzzz = 1\n", "\"zzzzzzzzzz\" is not a setting"},
      {"[server]\nmax_receive = '16 apples'\n", "server.max_receive: \"16 apples\" is not a size"},
      {"[server]\nmax_receive = 1.5\n", "must be a string, a whole number"},
      {"[server]\nreflection = 'yes'\n", "not true or false"},
      {"[server\n", ".toml:1"},
      {"server = 5\n", "\"server\" is not a setting"},
  };
  for (const Case& c : cases) {
    auto config = FromToml(c.toml);
    ASSERT_FALSE(config.ok()) << c.toml;
    EXPECT_NE(config.status().ToString().find(c.expected), std::string::npos)
        << c.toml << "\n"
        << config.status().ToString();
  }
  EXPECT_FALSE(LoadConfig(path_ + ".absent", {}, {}).ok());
}

TEST_F(ConfigTest, BadVariablesAndFlagsAreNamed) {
  auto variable = LoadConfig("", {{"SAGITTA_GRACE", "soon"}}, {});
  ASSERT_FALSE(variable.ok());
  EXPECT_EQ(variable.status().field(), "SAGITTA_GRACE");
  auto flag = LoadConfig("", {}, {{"search-threads", "many"}});
  ASSERT_FALSE(flag.ok());
  EXPECT_EQ(flag.status().field(), "--search-threads");
}

TEST_F(ConfigTest, ValidateNamesTheSetting) {
  struct Case {
    const char* key;
    const char* value;
    const char* field;  // empty = good
  };
  const Case cases[] = {
      {"server.listen", "0.0.0.0:6980", "server.listen"},
      {"server.listen", "[::]:6980", "server.listen"},
      {"server.listen", "127.0.0.2:0", ""},
      {"server.listen", "nonsense", "server.listen"},
      {"http.listen", "0.0.0.0:6981", "http.listen"},
      {"http.listen", "", ""},
      {"server.grace", "11m", "server.grace"},
      {"server.default_deadline", "0", "server.default_deadline"},
      {"server.max_receive", "1KiB", "server.max_receive"},
      {"server.max_receive", "2GiB", "server.max_receive"},
      {"server.max_in_flight", "1MiB", "server.max_in_flight"},
      {"server.queue_limit", "0", "server.queue_limit"},
      {"server.max_streams", "0", "server.max_streams"},
      {"engine.search_threads", "5000", "engine.search_threads"},
      {"tls.cert_file", "/c.pem", "tls.cert_file"},
      {"log.level", "loud", "log.level"},
      {"log.format", "xml", "log.format"},
      {"data_dir", "", "data_dir"},
  };
  for (const Case& c : cases) {
    ServerConfig config;
    for (const ConfigKey& key : ConfigKeys()) {
      if (key.key != c.key) continue;
      ASSERT_TRUE(key.set(config, c.value).ok());
    }
    const Status status = config.Validate();
    EXPECT_EQ(status.ok(), *c.field == '\0') << c.key << " = " << c.value;
    EXPECT_EQ(status.field(), c.field) << c.key << " = " << c.value;
  }
}

TEST_F(ConfigTest, APublicBindNeedsKeysAndTlsOrSayingSo) {
  ServerConfig config;
  config.listen = "0.0.0.0:6980";
  config.auth_keys_file = "/keys";
  EXPECT_EQ(config.Validate().field(), "server.listen") << "no TLS";
  config.allow_plaintext = true;
  EXPECT_TRUE(config.Validate().ok());
  config.auth_keys_file.clear();
  EXPECT_EQ(config.Validate().field(), "server.listen") << "no keys";
}

TEST_F(ConfigTest, PrintedConfigGivesTheSameAndHidesSecrets) {
  ServerConfig config;
  config.data_dir = "/with \"quotes\" and \\";
  config.max_receive = 5 << 20;
  config.grace = std::chrono::milliseconds(1500);
  config.compaction_paused = true;
  auto again = FromToml(PrintConfig(config));
  ASSERT_TRUE(again.ok()) << again.status().ToString();
  for (const ConfigKey& key : ConfigKeys()) EXPECT_EQ(key.get(*again), key.get(config)) << key.key;

  config.auth_keys = "ops admin sha256:1234";
  const std::string printed = PrintConfig(config);
  EXPECT_EQ(printed.find("1234"), std::string::npos);
  EXPECT_NE(printed.find("keys = \"***\""), std::string::npos);
}

}  // namespace
}  // namespace sagitta::server
