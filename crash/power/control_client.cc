// SPDX-License-Identifier: Apache-2.0
#include "crash/power/control_client.h"

#include <sys/socket.h>

#include <cerrno>

#include "crash/power/unix_socket.h"

namespace beach::crash {
namespace {

constexpr std::size_t kReceiveSize = std::size_t{64} << 10;

}  // namespace

Result<std::string> AskControl(const std::string& path, const std::string& line) {
  BEACH_TRY_ASSIGN(const OwnedFd socket, ConnectTo(path));
  std::string rest = line + "\n";
  while (!rest.empty()) {
    const ssize_t sent = ::send(socket.get(), rest.data(), rest.size(), MSG_NOSIGNAL);
    if (sent < 0 && errno == EINTR) continue;
    if (sent < 0) return Fail(ErrnoError(errno, "send", path));
    rest.erase(0, static_cast<std::size_t>(sent));
  }
  std::string answer;
  while (!answer.ends_with('\n')) {
    const std::size_t before = answer.size();
    answer.resize(before + kReceiveSize);
    const ssize_t got = ::recv(socket.get(), answer.data() + before, kReceiveSize, 0);
    answer.resize(before + static_cast<std::size_t>(got > 0 ? got : 0));
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return Fail(ErrnoError(errno, "receive", path));
    if (got == 0) return Fail(Error(ErrorCode::kIo, "the mount ended without an answer").At(path));
  }
  answer.pop_back();
  return answer;
}

}  // namespace beach::crash
