#include "server/tls_files.h"

#include <gtest/gtest.h>

#include "base/file.h"
#include "tests/base/temp_directory.h"
#include "tests/server/certificates.h"

namespace sagitta::server {
namespace {

class TlsFilesTest : public ::testing::Test {
 protected:
  TlsFilesTest() {
    config_.tls_cert_file = Write("cert.pem", pair_.certificate);
    config_.tls_key_file = Write("key.pem", pair_.key);
  }

  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = directory_.path() + "/" + name;
    EXPECT_TRUE(base::WriteFileAtomically(path, text).ok());
    return path;
  }

  void ExpectRefused(const ServerConfig& config, const std::string& setting,
                     const std::string& path, const std::string& what) {
    const Status status = LoadTlsFiles(config).status();
    EXPECT_EQ(status.code(), StatusCode::kInvalidArgument) << status.ToString();
    EXPECT_EQ(status.field(), setting) << status.ToString();
    EXPECT_NE(status.message().find(path), std::string::npos) << status.ToString();
    EXPECT_NE(status.message().find(what), std::string::npos) << status.ToString();
  }

  sagitta::testing::TempDirectory directory_;
  TestAuthority authority_{"authority"};
  PemPair pair_ = authority_.Issue("server");
  ServerConfig config_;
};

TEST_F(TlsFilesTest, GivesWhatTheFilesHold) {
  auto files = LoadTlsFiles(config_);
  ASSERT_TRUE(files.ok()) << files.status().ToString();
  EXPECT_EQ(files->certificate_chain, pair_.certificate);
  EXPECT_EQ(files->private_key, pair_.key);
  EXPECT_EQ(files->client_roots, "");
  config_.tls_client_ca_file = Write("ca.pem", authority_.pem());
  files = LoadTlsFiles(config_);
  ASSERT_TRUE(files.ok()) << files.status().ToString();
  EXPECT_EQ(files->client_roots, authority_.pem());
}

TEST_F(TlsFilesTest, NamesTheSettingAndTheFile) {
  const std::string absent = directory_.path() + "/absent";
  const std::string text = Write("text", "no PEM at all\n");
  const PemPair other = authority_.Issue("other");
  const PemPair old = authority_.Issue("old", "DNS:localhost", -1);
  ServerConfig config = config_;
  config.tls_cert_file = absent;
  ExpectRefused(config, "tls.cert_file", absent, "No such file");
  config.tls_cert_file = text;
  ExpectRefused(config, "tls.cert_file", text, "no PEM certificate");
  config.tls_cert_file = Write("old.pem", old.certificate);
  config.tls_key_file = Write("old-key.pem", old.key);
  ExpectRefused(config, "tls.cert_file", "old.pem", "expired at ");
  config = config_;
  config.tls_key_file = absent;
  ExpectRefused(config, "tls.key_file", absent, "No such file");
  config.tls_key_file = text;
  ExpectRefused(config, "tls.key_file", text, "no PEM private key");
  config.tls_key_file = Write("other.pem", other.key);
  ExpectRefused(config, "tls.key_file", "other.pem", config.tls_cert_file);
  config.tls_key_file = Write("secret.pem", TestAuthority::Encrypted(pair_.key));
  ExpectRefused(config, "tls.key_file", "secret.pem", "passphrase");
  config = config_;
  config.tls_client_ca_file = absent;
  ExpectRefused(config, "tls.client_ca_file", absent, "No such file");
  config.tls_client_ca_file = text;
  ExpectRefused(config, "tls.client_ca_file", text, "no PEM certificate");
}

TEST_F(TlsFilesTest, CertifiedNames) {
  const auto name = [&](const char* names) {
    return CertifiedName(authority_.Issue("common", names).certificate);
  };
  EXPECT_EQ(name("DNS:db.example.com,IP:127.0.0.1"), "db.example.com");
  EXPECT_EQ(name("IP:10.1.2.3"), "10.1.2.3");
  EXPECT_EQ(name("IP:::1"), "::1");
  EXPECT_EQ(name("DNS:*.example.com"), "any.example.com");
  EXPECT_EQ(name("email:a@example.com"), "common");
  EXPECT_EQ(CertifiedName("nothing"), "");
}

}  // namespace
}  // namespace sagitta::server
