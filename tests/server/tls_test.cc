// TLS and mTLS over the wire: who gets in, and who does not.
#include <gtest/gtest.h>
#include <netinet/in.h>
#include <openssl/ssl.h>
#include <sys/socket.h>
#include <unistd.h>

#include "base/file.h"
#include "server/health_probe.h"
#include "tests/base/temp_directory.h"
#include "tests/server/certificates.h"
#include "tests/server/test_server.h"

namespace sagitta::server {
namespace {

class TlsTest : public ::testing::Test {
 protected:
  std::string Write(const std::string& name, const std::string& text) {
    const std::string path = files_.path() + "/" + name;
    EXPECT_TRUE(base::WriteFileAtomically(path, text).ok());
    return path;
  }

  // Both certificates are signed by `authority_`.
  ServerConfig Config(const PemPair& server, bool clients_too = false) {
    ServerConfig config;
    config.tls_cert_file = Write("cert.pem", server.certificate);
    config.tls_key_file = Write("key.pem", server.key);
    if (clients_too) config.tls_client_ca_file = Write("ca.pem", authority_.pem());
    return config;
  }

  static grpc::Status Version(const TestServer& server,
                              const std::shared_ptr<grpc::ChannelCredentials>& credentials,
                              const std::string& key = {}) {
    grpc::ChannelArguments arguments;
    arguments.SetInt(GRPC_ARG_USE_LOCAL_SUBCHANNEL_POOL, 1);
    const auto stub = v1::AdminService::NewStub(
        grpc::CreateCustomChannel(server.address(), credentials, arguments));
    grpc::ClientContext context;
    context.set_deadline(std::chrono::system_clock::now() + std::chrono::seconds(20));
    if (!key.empty()) context.AddMetadata("authorization", "Bearer " + key);
    v1::GetVersionResponse response;
    return stub->GetVersion(&context, {}, &response);
  }

  static std::shared_ptr<grpc::ChannelCredentials> Trusting(const std::string& roots,
                                                            const PemPair& own = {}) {
    return grpc::SslCredentials({roots, own.key, own.certificate});
  }

  TestAuthority authority_{"authority"};
  TestAuthority stranger_{"stranger"};
  sagitta::testing::TempDirectory files_;
};

// The handshake of a client that speaks `version` and nothing else.
bool Handshake(uint16_t port, int version) {
  const int fd = socket(AF_INET, SOCK_STREAM, 0);
  sockaddr_in address = {};
  address.sin_family = AF_INET;
  address.sin_port = htons(port);
  address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
  EXPECT_EQ(connect(fd, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  SSL_CTX* context = SSL_CTX_new(TLS_client_method());
  SSL_CTX_set_min_proto_version(context, version);
  SSL_CTX_set_max_proto_version(context, version);
  // Otherwise OpenSSL's own client would refuse the old versions, and not the server.
  SSL_CTX_set_cipher_list(context, "ALL:@SECLEVEL=0");
  const unsigned char kHttp2[] = {2, 'h', '2'};
  SSL_CTX_set_alpn_protos(context, kHttp2, sizeof(kHttp2));
  SSL* ssl = SSL_new(context);
  SSL_set_fd(ssl, fd);
  const bool connected = SSL_connect(ssl) == 1;
  SSL_free(ssl);
  SSL_CTX_free(context);
  close(fd);
  return connected;
}

TEST_F(TlsTest, ClientsThatTrustTheAuthorityGetInAndOthersDoNot) {
  const TestServer server(Config(authority_.Issue("server")));
  const grpc::Status trusted = Version(server, Trusting(authority_.pem()));
  EXPECT_TRUE(trusted.ok()) << trusted.error_message();
  EXPECT_EQ(Version(server, Trusting(stranger_.pem())).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Version(server, grpc::InsecureChannelCredentials()).error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, ACertificateOfAnotherNameIsNotTrusted) {
  const TestServer server(Config(authority_.Issue("server", "DNS:db.example.com")));
  EXPECT_EQ(Version(server, Trusting(authority_.pem())).error_code(),
            grpc::StatusCode::UNAVAILABLE);
}

TEST_F(TlsTest, OldVersionsAreRefused) {
  TestServer server(Config(authority_.Issue("server")));
  const uint16_t port = server.server().grpc_port();
  EXPECT_FALSE(Handshake(port, TLS1_VERSION));
  EXPECT_FALSE(Handshake(port, TLS1_1_VERSION));
  EXPECT_TRUE(Handshake(port, TLS1_2_VERSION));
  EXPECT_TRUE(Handshake(port, TLS1_3_VERSION));
}

TEST_F(TlsTest, ClientsNeedACertificateOfTheAuthorityWhereOneIsSet) {
  const TestServer server(Config(authority_.Issue("server"), /*clients_too=*/true));
  const std::string roots = authority_.pem();
  EXPECT_EQ(Version(server, Trusting(roots)).error_code(), grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(Version(server, Trusting(roots, stranger_.Issue("client"))).error_code(),
            grpc::StatusCode::UNAVAILABLE);
  EXPECT_EQ(
      Version(server, Trusting(roots, authority_.Issue("client", "DNS:localhost", -1)))
          .error_code(),
      grpc::StatusCode::UNAVAILABLE)
      << "expired";
  const grpc::Status right = Version(server, Trusting(roots, authority_.Issue("client")));
  EXPECT_TRUE(right.ok()) << right.error_message();
}

TEST_F(TlsTest, KeysWorkOverTls) {
  auto made = ApiKeys::Generate("reader", "read");
  ASSERT_TRUE(made.ok());
  ServerConfig config = Config(authority_.Issue("server"));
  config.auth_keys = made->line;
  const TestServer server(config);
  const auto trusting = Trusting(authority_.pem());
  EXPECT_EQ(Version(server, trusting).error_code(), grpc::StatusCode::UNAUTHENTICATED);
  EXPECT_TRUE(Version(server, trusting, made->key).ok());
}

TEST_F(TlsTest, TheServersOwnProbeNeedsNoName) {
  for (const bool clients_too : {false, true}) {
    ServerConfig config = Config(authority_.Issue("server", "DNS:db.example.com"), clients_too);
    TestServer server(config, /*open=*/false);
    config.listen = server.address();
    config.http_listen = "127.0.0.1:" + std::to_string(server.server().http_port());
    constexpr std::chrono::seconds kTimeout{5};
    EXPECT_EQ(ProbeHealth(config, kTimeout).code(), StatusCode::kUnavailable);
    ASSERT_TRUE(server.server().OpenDatabase().ok());
    const Status serving = ProbeHealth(config, kTimeout);
    EXPECT_TRUE(serving.ok()) << clients_too << ": " << serving.ToString();
    if (!clients_too) continue;
    config.http_listen = "";
    EXPECT_EQ(ProbeHealth(config, kTimeout).code(), StatusCode::kFailedPrecondition);
  }
}

TEST_F(TlsTest, BadFilesStopTheStart) {
  ServerConfig config = Config(authority_.Issue("server"));
  config.listen = "127.0.0.1:0";
  config.http_listen = "";
  config.tls_key_file = Write("other.pem", authority_.Issue("other").key);
  const Status status = Server::Start(config).status();
  EXPECT_EQ(status.code(), StatusCode::kInvalidArgument);
  EXPECT_EQ(status.field(), "tls.key_file");
}

}  // namespace
}  // namespace sagitta::server
