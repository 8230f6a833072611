// SPDX-License-Identifier: Apache-2.0
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "env/os/stream.h"

// How a Stream comes to be open: an address or a name, then each address of it in turn.

namespace beach::env {
namespace {

// A port of our own that nobody listens at may be the one that the kernel picks for our end: then
// TCP connects the socket with itself.
bool ConnectedToItself(int fd, const SocketAddress& peer) {
  SocketAddress own;
  own.length = sizeof(own.storage);
  if (::getsockname(fd, own.get(), &own.length) != 0) return false;
  return own.length == peer.length && std::memcmp(&own.storage, &peer.storage, own.length) == 0;
}

}  // namespace

void Stream::Connect(const std::string& address, Connection::Callbacks callbacks) {
  callbacks_ = std::move(callbacks);
  connecting_ = std::make_unique<Connecting>();
  connecting_->address = address;
  const Result<HostPort> parts = SplitAddress(address);
  if (!parts) return FailConnect(parts.error().message());
  if (const auto numeric = NumericAddress(*parts)) {
    connecting_->candidates.push_back(*numeric);
    return TryCandidates();
  }
  Resolve(*parts);
}

void Stream::Resolve(const HostPort& address) {
  const auto resolved = [weak = weak_from_this()](Result<std::vector<SocketAddress>> found) {
    const std::shared_ptr<Stream> self = weak.lock();
    if (self == nullptr || self->state_ != State::kConnecting) return;
    if (!found) return self->FailConnect(found.error().message());
    self->connecting_->candidates = *std::move(found);
    self->TryCandidates();
  };
  const Status begun = core_.reactor().Resolve(address, resolved);
  if (!begun) FailConnect(begun.error().message());
}

void Stream::TryCandidates() {
  BEACH_CHECK(state_ == State::kConnecting);
  watch_.reset();
  while (connecting_->next < connecting_->candidates.size()) {
    if (BeginConnect(connecting_->candidates[connecting_->next++])) return;
  }
  FailConnect(connecting_->failure.empty() ? "no address" : connecting_->failure);
}

bool Stream::BeginConnect(const SocketAddress& to) {
  const int fd = NewSocket(to.storage.ss_family);
  if (fd < 0) {
    connecting_->failure = OsErrorText(errno);
    return false;
  }
  SetNoDelay(fd);
  if (::connect(fd, to.get(), to.length) != 0 && errno != EINPROGRESS && errno != EINTR) {
    connecting_->failure = OsErrorText(errno);
    ::close(fd);
    return false;
  }
  Result<std::unique_ptr<Watch>> watch = core_.reactor().NewWatch(fd, *this);
  if (!watch) {
    connecting_->failure = watch.error().message();
    return false;
  }
  watch_ = *std::move(watch);
  watch_->AwaitWritable();
  return true;
}

void Stream::OnConnected() {
  int failure = 0;
  socklen_t length = sizeof(failure);
  const int fd = watch_->fd();
  if (::getsockopt(fd, SOL_SOCKET, SO_ERROR, &failure, &length) != 0) failure = errno;
  SocketAddress peer;
  peer.length = sizeof(peer.storage);
  if (failure == 0 && ::getpeername(fd, peer.get(), &peer.length) != 0) {
    if (errno == ENOTCONN) return watch_->AwaitWritable();  // told for nothing
    failure = errno;
  }
  if (failure == 0 && ConnectedToItself(fd, peer)) failure = ECONNREFUSED;
  if (failure != 0) {
    connecting_->failure = OsErrorText(failure);
    return TryCandidates();
  }
  peer_ = peer.ToString();
  connecting_.reset();
  state_ = State::kOpen;
  if (!Tell(callbacks_.on_open)) return;
  if (!paused_ || closing_) watch_->AwaitReadable();
  if (queued_bytes() > 0 || closing_) ChangeAtTurnEnd();
}

void Stream::FailConnect(const std::string& why) {
  connecting_->failure = "connect to " + connecting_->address + ": " + why;
  connecting_->failed = true;
  ChangeAtTurnEnd();
}

}  // namespace beach::env
