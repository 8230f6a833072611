// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <string>

#include "env/clock.h"
#include "env/loop.h"
#include "env/tls/openssl.h"

namespace beach::env {

// One connection under TLS, shared by its Connection and by whoever is about to call it.
//
//   kConnecting   the connection below is not open yet
//   kHandshaking  it is; no byte of the layer above goes either way
//   kOpen         sends and reads; with closing_ it sends the rest, and discards what it reads
//   kEnding       all was handed down, the goodbye or the alert too: waits for it to be taken
//   kClosed       told, or abandoned: nothing is called any more
class TlsStream final : public std::enable_shared_from_this<TlsStream> {
 public:
  static ConnectionOptions InnerOptions(const ConnectionOptions& options);
  static Connection::Callbacks Accept(Loop& loop, Clock& clock,
                                      std::shared_ptr<const TlsContext> context,
                                      const ConnectionOptions& options,
                                      std::unique_ptr<Connection> inner,
                                      const Loop::OnConnection& accept);
  static std::unique_ptr<Connection> Connect(Loop& loop, Clock& clock,
                                             std::shared_ptr<const TlsContext> context,
                                             const ConnectionOptions& options,
                                             const std::string& address,
                                             Connection::Callbacks callbacks);

  TlsStream(Loop& loop, Clock& clock, std::shared_ptr<const TlsContext> context,
            const ConnectionOptions& options);

  bool Send(ByteView bytes);
  std::uint64_t queued_bytes() const { return queue_.size() - taken_up_ + below_; }
  void PauseReading(bool paused);
  void Close();
  const std::string& peer() const { return peer_; }
  bool Proves(const std::string& address) const;
  // Its Connection is gone: closes without a word.
  void Abandon();

 private:
  enum class State : std::uint8_t { kConnecting, kHandshaking, kOpen, kEnding, kClosed };

  Connection::Callbacks InnerCallbacks();
  void Prepare(SSL_CTX* of);
  void AskFor(const std::string& address, ServerCheck check);

  // From below.
  void OnOpen();
  void OnBytes(ByteView bytes);
  void OnWritable();
  void OnEnd();
  void OnClosed(const Closed& how);

  void BeginHandshake();
  void Handshake();
  void Drain();
  void Ended();
  void TurnLater();
  void Turn();
  void Pump();
  bool HandDown();
  void TellWritable();
  void KeepPause();
  void Break(const std::string& why);
  void End(CloseReason reason, std::string detail);
  void Finish(CloseReason reason, std::string detail);
  // Calls it, if it is set. False: the Connection is gone since.
  template <class Callback, class... Arguments>
  bool Tell(const Callback& callback, const Arguments&... arguments);

  Loop& loop_;
  Clock& clock_;
  const std::shared_ptr<const TlsContext> context_;
  const ConnectionOptions options_;
  std::string peer_;
  Connection::Callbacks callbacks_;
  std::unique_ptr<Connection> inner_;
  SslPointer ssl_;
  BIO* arrived_ = nullptr;  // ssl_'s: what came, still to be read by it
  BIO* leaving_ = nullptr;  // ssl_'s: what it has to say
  Loop::TimerId timer_ = 0;

  Bytes queue_;                   // from taken_up_ on: not encrypted yet
  std::size_t taken_up_ = 0;      // of queue_
  std::uint64_t below_ = 0;       // encrypted, and not yet taken by the OS; as it was sent to us
  std::uint64_t taken_ = 0;       // by the OS, ever
  std::uint64_t refused_at_ = 0;  // taken_ when Send was refused
  Closed ending_;                 // what is told at the end of kEnding

  State state_ = State::kConnecting;
  bool client_ = false;
  bool refused_ = false;        // on_writable is owed
  bool was_above_low_ = false;  // the same
  bool paused_ = false;
  bool closing_ = false;      // Close was called
  bool below_ended_ = false;  // the connection below brings no more
  bool ended_ = false;        // the peer has said goodbye
  bool finishing_ = false;    // and nobody asked to be told: closes once all is sent
  bool turning_ = false;      // Turn is posted
  bool calling_ = false;      // callbacks_ must stay
  bool gone_ = false;
};

// What the user holds.
class TlsConnection final : public Connection {
 public:
  explicit TlsConnection(std::shared_ptr<TlsStream> stream) : stream_(std::move(stream)) {}
  ~TlsConnection() override { stream_->Abandon(); }

  bool Send(ByteView bytes) override { return stream_->Send(bytes); }
  std::uint64_t queued_bytes() const override { return stream_->queued_bytes(); }
  void PauseReading(bool paused) override { stream_->PauseReading(paused); }
  void Close() override { stream_->Close(); }
  const std::string& peer() const override { return stream_->peer(); }
  bool Proves(const std::string& address) const override { return stream_->Proves(address); }

 private:
  const std::shared_ptr<TlsStream> stream_;
};

}  // namespace beach::env
