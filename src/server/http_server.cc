#include "server/http_server.h"

#include <httplib.h>

#include <thread>

namespace sagitta::server {
namespace {

// Scrapes and probes only.
constexpr size_t kThreads = 2;
constexpr time_t kTimeoutSeconds = 5;
constexpr size_t kMaxBodyBytes = 4096;
constexpr const char* kMetricsType = "text/plain; version=0.0.4; charset=utf-8";

std::string CallerKey(const httplib::Request& request) {
  constexpr std::string_view kBearer = "Bearer ";
  const std::string authorization = request.get_header_value("Authorization");
  if (authorization.starts_with(kBearer)) return authorization.substr(kBearer.size());
  return request.get_header_value("X-Api-Key");
}

}  // namespace

struct HttpServer::Impl {
  httplib::Server server;
  Handlers handlers;
  std::thread thread;

  void Route();
};

void HttpServer::Impl::Route() {
  server.Get("/healthz", [](const httplib::Request&, httplib::Response& response) {
    response.set_content("ok\n", "text/plain");
  });
  server.Get("/readyz", [this](const httplib::Request&, httplib::Response& response) {
    const std::string reason = handlers.not_ready();
    response.status = reason.empty() ? 200 : 503;
    response.set_content(reason.empty() ? "ready\n" : reason + "\n", "text/plain");
  });
  server.Get("/metrics", [this](const httplib::Request& request, httplib::Response& response) {
    if (!handlers.may_read_metrics(CallerKey(request))) {
      response.status = 401;
      response.set_header("WWW-Authenticate", "Bearer");
      response.set_content("an API key with scope read is needed\n", "text/plain");
      return;
    }
    response.set_content(handlers.metrics(), kMetricsType);
  });
}

HttpServer::HttpServer(std::unique_ptr<Impl> impl, uint16_t port)
    : impl_(std::move(impl)), port_(port) {}

HttpServer::~HttpServer() {
  impl_->server.stop();
  if (impl_->thread.joinable()) impl_->thread.join();
}

Result<std::unique_ptr<HttpServer>> HttpServer::Start(const HostPort& address, Handlers handlers) {
  try {
    auto impl = std::make_unique<Impl>();
    impl->handlers = std::move(handlers);
    impl->Route();
    impl->server.new_task_queue = [] { return new httplib::ThreadPool(kThreads); };
    impl->server.set_payload_max_length(kMaxBodyBytes);
    impl->server.set_read_timeout(kTimeoutSeconds);
    impl->server.set_write_timeout(kTimeoutSeconds);
    // The library's default is SO_REUSEPORT, with which two servers would share a port unnoticed.
    impl->server.set_socket_options([](socket_t socket) {
      const int yes = 1;
      setsockopt(socket, SOL_SOCKET, SO_REUSEADDR, &yes, sizeof(yes));
    });
    int port = address.port;
    if (port == 0) {
      port = impl->server.bind_to_any_port(address.host);
    } else if (!impl->server.bind_to_port(address.host, port)) {
      port = -1;
    }
    if (port <= 0)
      return Status::Unavailable("cannot listen on " + address.ToString() + " for HTTP");
    Impl* raw = impl.get();
    impl->thread = std::thread([raw] { raw->server.listen_after_bind(); });
    // stop() before the loop runs would be lost.
    while (!raw->server.is_running()) std::this_thread::yield();
    return std::unique_ptr<HttpServer>(
        new HttpServer(std::move(impl), static_cast<uint16_t>(port)));
  } catch (const std::exception& error) {
    return Status::Internal(std::string("HTTP server: ") + error.what());
  }
}

}  // namespace sagitta::server
