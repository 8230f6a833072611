// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/check.h"
#include "env/loop.h"
#include "env/os/loop_core.h"
#include "env/os/reactor.h"
#include "env/os/socket_address.h"

namespace beach::env {

// One TCP connection. Owned by the Connection that the user holds, and by whatever is about to call
// it: so a callback may destroy the Connection while this is still on the stack.
//
//   kConnecting  no socket is open yet, or several are tried one after another
//   kOpen        reads and sends; with closing_ it sends the rest, and reads only to discard
//   kClosed      told, or abandoned: nothing is called any more
class Stream final : public std::enable_shared_from_this<Stream>, private Watched, private TurnEnd {
 public:
  Stream(LoopCore& core, const ConnectionOptions& options, std::string peer);

  // One of the two, first. `fd` has connected; it is the stream's, whatever it answers.
  Status Adopt(int fd);
  void Connect(const std::string& address, Connection::Callbacks callbacks);
  // Of an adopted one, which reads from here on.
  void Begin(Connection::Callbacks callbacks);
  // Its Connection is gone: closes without a word.
  void Abandon();

  bool Send(ByteView bytes);
  std::uint64_t queued_bytes() const { return queue_.size() - sent_; }
  void PauseReading(bool paused);
  void Close();
  const std::string& peer() const { return peer_; }

 private:
  enum class State : std::uint8_t { kConnecting, kOpen, kClosed };

  // What is needed until it is open.
  struct Connecting {
    std::string address;  // as it was asked for
    std::vector<SocketAddress> candidates;
    std::size_t next = 0;
    std::string failure;  // why the last candidate was none
    bool failed = false;
  };

  void OnReadable() override;
  void OnWritable() override;
  void FlushQueued() override;
  void TellFlushed() override;

  // stream_connect.cc
  void Resolve(const HostPort& address);
  void TryCandidates();
  bool BeginConnect(const SocketAddress& to);
  void FailConnect(const std::string& why);
  void OnConnected();

  void Read();
  void Discard();
  void OnEnd();
  void Break(int os_error, const char* operation);
  void ChangeAtTurnEnd();
  void DropSent();
  void TellChange();
  bool MayTellWritable() const;
  void Finish(CloseReason reason, std::string detail);
  // Calls it, if it is set. False: the Connection is gone since.
  template <class Callback, class... Arguments>
  bool Tell(const Callback& callback, const Arguments&... arguments);

  LoopCore& core_;
  const ConnectionOptions options_;
  std::string peer_;
  Connection::Callbacks callbacks_;
  std::unique_ptr<Watch> watch_;  // while there is a socket
  std::unique_ptr<Connecting> connecting_;

  Bytes queue_;              // from sent_ on: to be sent; no memory of its own while it is empty
  std::size_t sent_ = 0;     // of queue_
  std::uint64_t taken_ = 0;  // by the OS, ever
  std::uint64_t refused_at_ = 0;  // taken_ when Send was refused
  int broken_ = 0;                // errno of a send or read that failed
  const char* broken_operation_ = "";

  State state_ = State::kConnecting;
  bool refused_ = false;        // on_writable is owed
  bool was_above_low_ = false;  // the same
  bool paused_ = false;
  bool closing_ = false;    // Close was called
  bool ended_ = false;      // the peer sends no more
  bool finishing_ = false;  // ended, and nobody asked to be told: closes once all is sent
  bool changing_ = false;   // in the loop's list for the end of the turn
  bool calling_ = false;    // callbacks_ must stay
  bool gone_ = false;
};

template <class Callback, class... Arguments>
bool Stream::Tell(const Callback& callback, const Arguments&... arguments) {
  BEACH_CHECK(!calling_);
  if (callback == nullptr) return true;
  calling_ = true;
  callback(arguments...);
  calling_ = false;
  if (!gone_) return true;
  const Connection::Callbacks dropped = std::exchange(callbacks_, {});
  return false;
}

// Creates a socket that waits for nothing and is not inherited; -1 and errno.
int NewSocket(int family);
// Small messages go out at once.
void SetNoDelay(int fd);

// What the user holds.
class OsConnection final : public Connection {
 public:
  OsConnection(LoopCore& core, std::shared_ptr<Stream> stream);
  ~OsConnection() override;

  bool Send(ByteView bytes) override { return stream_->Send(bytes); }
  std::uint64_t queued_bytes() const override { return stream_->queued_bytes(); }
  void PauseReading(bool paused) override { stream_->PauseReading(paused); }
  void Close() override { stream_->Close(); }
  const std::string& peer() const override { return stream_->peer(); }

 private:
  LoopCore& core_;
  const std::shared_ptr<Stream> stream_;
};

}  // namespace beach::env
