// SPDX-License-Identifier: Apache-2.0
#include "env/os/os_listener.h"

#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <utility>
#include <vector>

#include "base/check.h"
#include "env/os/socket_address.h"
#include "env/os/stream.h"
#include "env/os/system_call.h"

namespace beach::env {
namespace {

constexpr int kBacklog = 4'096;      // the kernel has a bound of its own
constexpr int kAcceptsInATurn = 16;  // then others have theirs
// The process may get descriptors back from anybody: ask again after a while.
constexpr std::uint64_t kBackOffNs = 20'000'000;

// Accept has failed for the one that was to be taken; the next may be fine (accept(2), "Error
// handling").
bool OfOneConnection(int os_error) {
  switch (os_error) {
    case ECONNABORTED:
    case EPROTO:
    case EPERM:
    case ENETDOWN:
    case ENETUNREACH:
    case ENONET:
    case EHOSTDOWN:
    case EHOSTUNREACH:
    case ENOPROTOOPT:
    case EOPNOTSUPP: return true;
    default: return false;
  }
}

// Owned as a Stream is: on_connection may destroy the Listener.
class Acceptor final : public std::enable_shared_from_this<Acceptor>, private Watched {
 public:
  Acceptor(LoopCore& core, const ConnectionOptions& options, Loop::OnConnection on_connection)
      : core_(core), options_(options), on_connection_(std::move(on_connection)) {}

  Status Open(const SocketAddress& where);
  void Abandon();
  const std::string& address() const { return address_; }

 private:
  void OnReadable() override;
  void OnWritable() override {}

  bool AcceptOne();
  void Hand(int fd, const SocketAddress& peer);
  void BackOff();

  LoopCore& core_;
  const ConnectionOptions options_;
  Loop::OnConnection on_connection_;
  std::string address_;
  std::unique_ptr<Watch> watch_;  // null: abandoned
  TimerQueue::Id back_off_ = 0;   // not 0: no connection is taken until then
  bool calling_ = false;          // on_connection_ must stay
};

Status Acceptor::Open(const SocketAddress& where) {
  const auto failure = [&] {
    const int os_error = errno;
    return Fail(
        Error(ErrorCode::kIo, "listen at " + where.ToString() + ": " + OsErrorText(os_error))
            .WithErrno(os_error));
  };
  const int fd = NewSocket(where.storage.ss_family);
  if (fd < 0) return failure();
  BEACH_TRY_ASSIGN(std::unique_ptr<Watch> watch, core_.reactor().NewWatch(fd, *this));
  // Connections of an earlier process that linger in the kernel do not hold the address.
  const int on = 1;
  if (::setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) != 0) return failure();
  if (::bind(fd, where.get(), where.length) != 0) return failure();
  if (::listen(fd, kBacklog) != 0) return failure();
  SocketAddress bound;
  bound.length = sizeof(bound.storage);
  if (::getsockname(fd, bound.get(), &bound.length) != 0) return failure();
  address_ = bound.ToString();
  watch_ = std::move(watch);
  watch_->AwaitReadable();
  return {};
}

void Acceptor::Abandon() {
  watch_.reset();
  core_.Cancel(back_off_);
  if (!calling_) {
    const Loop::OnConnection dropped = std::exchange(on_connection_, {});
  }
}

void Acceptor::OnReadable() {
  const std::shared_ptr<Acceptor> self = shared_from_this();
  int accepted = 0;
  while (accepted < kAcceptsInATurn && !core_.stopping() && AcceptOne()) ++accepted;
  if (watch_ != nullptr && back_off_ == 0) watch_->AwaitReadable();
}

// False: not another one now.
bool Acceptor::AcceptOne() {
  SocketAddress peer;
  peer.length = sizeof(peer.storage);
  const int fd = RetryOnSignal([&] {
    return ::accept4(watch_->fd(), peer.get(), &peer.length, SOCK_NONBLOCK | SOCK_CLOEXEC);
  });
  if (fd >= 0) {
    Hand(fd, peer);
    return watch_ != nullptr && back_off_ == 0;
  }
  if (OfOneConnection(errno)) return true;
  if (errno != EAGAIN) BackOff();
  return false;
}

void Acceptor::Hand(int fd, const SocketAddress& peer) {
  const auto stream = std::make_shared<Stream>(core_, options_, peer.ToString());
  if (!stream->Adopt(fd)) return BackOff();
  BEACH_CHECK(!calling_);
  calling_ = true;
  Connection::Callbacks callbacks = on_connection_(std::make_unique<OsConnection>(core_, stream));
  calling_ = false;
  stream->Begin(std::move(callbacks));
  if (watch_ == nullptr) {
    const Loop::OnConnection dropped = std::exchange(on_connection_, {});
  }
}

void Acceptor::BackOff() {
  back_off_ = core_.At(core_.clock().MonotonicNow() + kBackOffNs, [this] {
    back_off_ = 0;
    watch_->AwaitReadable();
  });
}

class OsListener final : public Listener {
 public:
  OsListener(LoopCore& core, std::shared_ptr<Acceptor> acceptor)
      : core_(core), acceptor_(std::move(acceptor)) {
    core_.CountMade();
  }
  ~OsListener() override {
    core_.CountDestroyed();
    acceptor_->Abandon();
  }
  const std::string& address() const override { return acceptor_->address(); }

 private:
  LoopCore& core_;
  const std::shared_ptr<Acceptor> acceptor_;
};

}  // namespace

Result<std::unique_ptr<Listener>> NewOsListener(LoopCore& core, const std::string& address,
                                                const ConnectionOptions& options,
                                                Loop::OnConnection on_connection) {
  BEACH_CHECK(on_connection != nullptr);
  BEACH_TRY_ASSIGN(const HostPort parts, SplitAddress(address));
  std::vector<SocketAddress> candidates;
  if (const auto numeric = NumericAddress(parts)) {
    candidates.push_back(*numeric);
  } else {
    BEACH_TRY_ASSIGN(candidates, LookUp(parts));
  }
  const auto acceptor = std::make_shared<Acceptor>(core, options, std::move(on_connection));
  Status opened = Fail(ErrorCode::kIo, "listen at " + address + ": no address");
  for (const SocketAddress& candidate : candidates) {
    opened = acceptor->Open(candidate);
    if (opened) return std::make_unique<OsListener>(core, acceptor);
  }
  return Fail(std::move(opened).error());
}

}  // namespace beach::env
