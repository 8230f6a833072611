// SPDX-License-Identifier: Apache-2.0
#include "env/os/stream.h"

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>
#include <utility>

#include "base/check.h"
#include "env/os/system_call.h"

namespace beach::env {

int NewSocket(int family) {
  return ::socket(family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
}

// Where it fails the connection is slow, and no less correct.
void SetNoDelay(int fd) {
  const int on = 1;
  static_cast<void>(::setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on)));
}

Stream::Stream(LoopCore& core, const ConnectionOptions& options, std::string peer)
    : core_(core), options_(options), peer_(std::move(peer)) {
  BEACH_CHECK_GT(options_.read_max_bytes, 0U);
}

Status Stream::Adopt(int fd) {
  SetNoDelay(fd);
  BEACH_TRY_ASSIGN(watch_, core_.reactor().NewWatch(fd, *this));
  state_ = State::kOpen;
  return {};
}

void Stream::Begin(Connection::Callbacks callbacks) {
  if (gone_) return;
  callbacks_ = std::move(callbacks);
  watch_->AwaitReadable();
}

// Last, because what the callbacks own may be all that keeps others alive.
void Stream::Abandon() {
  BEACH_CHECK(!gone_);
  gone_ = true;
  state_ = State::kClosed;
  watch_.reset();
  connecting_.reset();
  queue_ = {};
  sent_ = 0;
  if (!calling_) {
    const Connection::Callbacks dropped = std::exchange(callbacks_, {});
  }
}

bool Stream::Send(ByteView bytes) {
  if (state_ == State::kClosed || closing_ || finishing_ || broken_ != 0) return false;
  const std::uint64_t bound = options_.send_queue_max_bytes;
  BEACH_CHECK_LE(queued_bytes(), bound);
  if (bytes.size() > bound - queued_bytes()) {
    refused_ = true;
    refused_at_ = taken_;
    if (queued_bytes() == 0) ChangeAtTurnEnd();  // of more than the bound
    return false;
  }
  if (bytes.empty()) return true;
  if (queue_.empty()) queue_ = core_.TakeSendBuffer();
  queue_.append(bytes);
  was_above_low_ = was_above_low_ || queued_bytes() > options_.send_queue_low_bytes;
  if (state_ == State::kOpen && !watch_->awaits_writable()) ChangeAtTurnEnd();
  return true;
}

void Stream::PauseReading(bool paused) {
  paused_ = paused;
  if (!paused_ && state_ == State::kOpen && !ended_) watch_->AwaitReadable();
}

// Reading goes on, to discard: two that close at once, each with a full pipe, must not wait for
// each other, and a peer that is gone must be seen.
void Stream::Close() {
  if (state_ == State::kClosed || closing_) return;
  closing_ = true;
  if (state_ == State::kOpen && !ended_) watch_->AwaitReadable();
  ChangeAtTurnEnd();
}

void Stream::ChangeAtTurnEnd() {
  if (std::exchange(changing_, true)) return;
  core_.AtTurnEnd(std::shared_ptr<TurnEnd>(shared_from_this(), static_cast<TurnEnd*>(this)));
}

void Stream::OnReadable() {
  const std::shared_ptr<Stream> self = shared_from_this();
  if (state_ != State::kOpen || ended_) return;
  if (closing_) return Discard();
  if (!paused_) Read();
}

void Stream::Read() {
  const std::size_t most = static_cast<std::size_t>(
      std::min<std::uint64_t>(options_.read_max_bytes, LoopCore::kReadBufferBytes));
  char* const target = core_.read_buffer();
  const ssize_t got =
      RetryOnSignal([&] { return ::recv(watch_->fd(), target, most, MSG_DONTWAIT); });
  if (got == 0) return OnEnd();
  if (got < 0 && errno != EAGAIN) return Break(errno, "receive");
  if (got > 0 && !Tell(callbacks_.on_bytes, ByteView(target, static_cast<std::size_t>(got)))) {
    return;
  }
  if (!paused_ || closing_) watch_->AwaitReadable();
}

void Stream::Discard() {
  const ssize_t got = RetryOnSignal([&] {
    return ::recv(watch_->fd(), core_.read_buffer(), LoopCore::kReadBufferBytes, MSG_DONTWAIT);
  });
  if (got == 0) {
    ended_ = true;
    return;
  }
  if (got < 0 && errno != EAGAIN) return Break(errno, "receive");
  watch_->AwaitReadable();
}

void Stream::OnEnd() {
  ended_ = true;
  if (callbacks_.on_end != nullptr) {
    static_cast<void>(Tell(callbacks_.on_end));
    return;
  }
  finishing_ = true;
  ChangeAtTurnEnd();
}

// Told at the end of the turn: a send is no place to call back from.
void Stream::Break(int os_error, const char* operation) {
  broken_ = os_error;
  broken_operation_ = operation;
  ChangeAtTurnEnd();
}

void Stream::OnWritable() {
  const std::shared_ptr<Stream> self = shared_from_this();
  if (state_ == State::kConnecting) return OnConnected();
  FlushQueued();
  TellChange();
}

void Stream::FlushQueued() {
  while (state_ == State::kOpen && broken_ == 0 && queued_bytes() > 0 &&
         !watch_->awaits_writable()) {
    const ssize_t taken = RetryOnSignal([&] {
      return ::send(watch_->fd(), queue_.data() + sent_, queue_.size() - sent_,
                    MSG_DONTWAIT | MSG_NOSIGNAL);
    });
    if (taken >= 0) {
      sent_ += static_cast<std::size_t>(taken);
      taken_ += static_cast<std::uint64_t>(taken);
      BEACH_CHECK_LE(sent_, queue_.size());
    } else if (errno == EAGAIN) {
      watch_->AwaitWritable();
    } else {
      Break(errno, "send");
    }
  }
  DropSent();
}

void Stream::DropSent() {
  if (sent_ == queue_.size()) {
    if (sent_ > 0) core_.ReturnSendBuffer(std::exchange(queue_, {}));
    sent_ = 0;
  } else if (sent_ > queue_.size() / 2) {
    queue_.erase(0, sent_);
    sent_ = 0;
  }
}

void Stream::TellFlushed() {
  changing_ = false;
  TellChange();
}

void Stream::TellChange() {
  if (state_ == State::kConnecting) {
    if (connecting_->failed) return Finish(CloseReason::kConnectFailed, connecting_->failure);
    if (closing_ && queued_bytes() == 0) Finish(CloseReason::kLocal, "");
    return;
  }
  if (state_ == State::kClosed) return;
  if (broken_ != 0) {
    return Finish(CloseReason::kReset,
                  std::string(broken_operation_) + ": " + peer_ + ": " + OsErrorText(broken_));
  }
  if (queued_bytes() == 0 && closing_) return Finish(CloseReason::kLocal, "");
  if (queued_bytes() == 0 && finishing_) return Finish(CloseReason::kPeer, peer_ + " has closed");
  if (!MayTellWritable()) return;
  refused_ = false;
  was_above_low_ = false;
  static_cast<void>(Tell(callbacks_.on_writable));
}

// After a refusal only once the OS has taken something: else a sender whose message fits into no
// room that is left would try again and again.
bool Stream::MayTellWritable() const {
  if (closing_ || finishing_ || queued_bytes() > options_.send_queue_low_bytes) return false;
  return was_above_low_ || (refused_ && (taken_ > refused_at_ || queued_bytes() == 0));
}

void Stream::Finish(CloseReason reason, std::string detail) {
  BEACH_CHECK(state_ != State::kClosed);
  BEACH_CHECK(!calling_);
  const bool open = state_ == State::kOpen;
  state_ = State::kClosed;
  connecting_.reset();
  queue_ = {};
  sent_ = 0;
  std::unique_ptr<Watch> watch = std::move(watch_);
  if (reason == CloseReason::kLocal && open && !ended_) {
    static_cast<void>(::shutdown(watch->fd(), SHUT_WR));
    core_.Linger(std::move(watch));
  }
  watch.reset();
  const Connection::Callbacks last = std::exchange(callbacks_, {});
  if (last.on_closed != nullptr) last.on_closed({.reason = reason, .detail = std::move(detail)});
}

OsConnection::OsConnection(LoopCore& core, std::shared_ptr<Stream> stream)
    : core_(core), stream_(std::move(stream)) {
  core_.CountMade();
}

OsConnection::~OsConnection() {
  core_.CountDestroyed();
  stream_->Abandon();
}

}  // namespace beach::env
