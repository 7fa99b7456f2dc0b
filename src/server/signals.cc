#include "server/signals.h"

#include <fcntl.h>
#include <signal.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>

namespace sagitta::server {
namespace {

int g_pipe[2] = {-1, -1};

void Pass(int signal) {
  const int saved = errno;
  const auto byte = static_cast<unsigned char>(signal);
  // A full pipe holds thousands that nobody has looked at: one more says nothing new.
  [[maybe_unused]] const ssize_t written = write(g_pipe[1], &byte, 1);
  errno = saved;
}

}  // namespace

Status CatchSignals() {
  if (pipe2(g_pipe, O_CLOEXEC) != 0 || fcntl(g_pipe[1], F_SETFL, O_NONBLOCK) != 0) {
    return Status::Unavailable(std::string("cannot make a pipe: ") + std::strerror(errno));
  }
  struct sigaction action = {};
  action.sa_handler = Pass;
  action.sa_flags = SA_RESTART;
  sigfillset(&action.sa_mask);
  for (const int signal : {SIGTERM, SIGINT, SIGHUP}) sigaction(signal, &action, nullptr);
  return Status::Ok();
}

int NextSignal() {
  unsigned char byte = 0;
  while (read(g_pipe[0], &byte, 1) != 1) {
  }
  return byte;
}

}  // namespace sagitta::server
