// The question that `sagittad --healthcheck` asks a running server.
#pragma once

#include <chrono>

#include "sagitta/status.h"
#include "server/config.h"

namespace sagitta::server {

// OK when the server at config.listen says SERVING within `timeout`. One that wants client
// certificates is asked over HTTP, at config.http_listen. A port of 0 is read from
// config.port_file.
Status ProbeHealth(const ServerConfig& config, std::chrono::milliseconds timeout);

}  // namespace sagitta::server
