// SPDX-License-Identifier: Apache-2.0
#include "env/tls/tls_stream.h"

#include <algorithm>
#include <array>
#include <utility>

#include "base/check.h"

namespace beach::env {
namespace {

// Encrypted at once, and the next when the OS has taken these.
constexpr std::size_t kBatchBytes = std::size_t{128} << 10;
// A batch, a handshake with long chains, and what TLS adds.
constexpr std::uint64_t kBelowMaxBytes = std::uint64_t{1} << 20;
constexpr std::size_t kRecordBytes = 16'384;

// "[::1]:7000" and "db.example:7000" without the port and the brackets.
std::string HostOf(const std::string& address) {
  std::string host = address.substr(0, address.rfind(':'));
  if (host.size() >= 2 && host.front() == '[') host = host.substr(1, host.size() - 2);
  return host;
}

}  // namespace

// Told of each emptying, and never refused but in a flood of the peer's making.
ConnectionOptions TlsStream::InnerOptions(const ConnectionOptions&) {
  return {.send_queue_max_bytes = kBelowMaxBytes, .send_queue_low_bytes = 0};
}

TlsStream::TlsStream(Loop& loop, Clock& clock, std::shared_ptr<const TlsContext> context,
                     const ConnectionOptions& options)
    : loop_(loop), clock_(clock), context_(std::move(context)), options_(options) {
  BEACH_CHECK_GT(options_.read_max_bytes, 0U);
}

Connection::Callbacks TlsStream::Accept(Loop& loop, Clock& clock,
                                        std::shared_ptr<const TlsContext> context,
                                        const ConnectionOptions& options,
                                        std::unique_ptr<Connection> inner,
                                        const Loop::OnConnection& accept) {
  const auto stream = std::make_shared<TlsStream>(loop, clock, std::move(context), options);
  stream->peer_ = inner->peer();
  stream->inner_ = std::move(inner);
  stream->Prepare(stream->context_->library().server.get());
  SSL_set_accept_state(stream->ssl_.get());
  stream->BeginHandshake();
  Connection::Callbacks callbacks = accept(std::make_unique<TlsConnection>(stream));
  if (stream->gone_) return {};
  stream->callbacks_ = std::move(callbacks);
  return stream->InnerCallbacks();
}

std::unique_ptr<Connection> TlsStream::Connect(Loop& loop, Clock& clock,
                                               std::shared_ptr<const TlsContext> context,
                                               const ConnectionOptions& options,
                                               const std::string& address,
                                               Connection::Callbacks callbacks) {
  auto stream = std::make_shared<TlsStream>(loop, clock, std::move(context), options);
  const TlsContext::Library& library = stream->context_->library();
  stream->client_ = true;
  stream->peer_ = address;
  stream->callbacks_ = std::move(callbacks);
  stream->Prepare(library.client.get());
  stream->AskFor(address, library.server_check);
  SSL_set_connect_state(stream->ssl_.get());
  stream->inner_ = loop.Connect(address, InnerOptions(options), stream->InnerCallbacks());
  return std::make_unique<TlsConnection>(std::move(stream));
}

void TlsStream::Prepare(SSL_CTX* of) {
  ssl_.reset(SSL_new(of));
  arrived_ = BIO_new(BIO_s_mem());
  leaving_ = BIO_new(BIO_s_mem());
  BEACH_CHECK(ssl_ != nullptr);
  BEACH_CHECK(arrived_ != nullptr);
  BEACH_CHECK(leaving_ != nullptr);
  SSL_set_bio(ssl_.get(), arrived_, leaving_);
}

// A number is compared as an address, a name as a name; only a name is told to the server.
void TlsStream::AskFor(const std::string& address, ServerCheck check) {
  const std::string host = HostOf(address);
  if (host.empty()) return;  // no address: that is told by the connection below
  ASN1_OCTET_STRING* const number = a2i_IPADDRESS(host.c_str());
  const bool is_name = number == nullptr;
  ASN1_OCTET_STRING_free(number);
  ERR_clear_error();
  if (is_name) {
    // SSL_set_tlsext_host_name, whose macro casts as C does.
    static_cast<void>(SSL_ctrl(ssl_.get(), SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                               const_cast<char*>(host.c_str())));
  }
  if (check != ServerCheck::kName) return;
  X509_VERIFY_PARAM* const asked = SSL_get0_param(ssl_.get());
  const int set = is_name ? X509_VERIFY_PARAM_set1_host(asked, host.data(), host.size())
                          : X509_VERIFY_PARAM_set1_ip_asc(asked, host.c_str());
  BEACH_CHECK_EQ(set, 1);
}

// A certificate that nobody has looked at proves nothing.
bool TlsStream::Proves(const std::string& address) const {
  const SSL* const ssl = ssl_.get();
  if (SSL_is_init_finished(ssl) == 0 || SSL_get_verify_mode(ssl) == SSL_VERIFY_NONE) return false;
  X509* const shown = SSL_get0_peer_certificate(ssl);
  if (shown == nullptr || SSL_get_verify_result(ssl) != X509_V_OK) return false;
  const std::string host = HostOf(address);
  if (host.empty()) return address.empty();
  if (X509_check_ip_asc(shown, host.c_str(), 0) == 1) return true;
  return X509_check_host(shown, host.data(), host.size(), 0, nullptr) == 1;
}

// Weak: the stream owns the connection below, and that one these.
Connection::Callbacks TlsStream::InnerCallbacks() {
  const std::weak_ptr<TlsStream> weak = weak_from_this();
  const auto call = [weak](auto what) {
    return [weak, what](const auto&... arguments) {
      const std::shared_ptr<TlsStream> self = weak.lock();
      if (self != nullptr && self->state_ != State::kClosed) (self.get()->*what)(arguments...);
    };
  };
  return {.on_open = call(&TlsStream::OnOpen),
          .on_bytes = call(&TlsStream::OnBytes),
          .on_writable = call(&TlsStream::OnWritable),
          .on_end = call(&TlsStream::OnEnd),
          .on_closed = call(&TlsStream::OnClosed)};
}

// Last, because what the callbacks own may be all that keeps others alive.
void TlsStream::Abandon() {
  BEACH_CHECK(!gone_);
  gone_ = true;
  state_ = State::kClosed;
  loop_.Cancel(std::exchange(timer_, 0));
  inner_.reset();
  queue_ = {};
  taken_up_ = 0;
  below_ = 0;
  if (!calling_) {
    const Connection::Callbacks dropped = std::exchange(callbacks_, {});
  }
}

bool TlsStream::Send(ByteView bytes) {
  if (state_ == State::kClosed || state_ == State::kEnding || closing_ || finishing_) return false;
  const std::uint64_t bound = options_.send_queue_max_bytes;
  BEACH_CHECK_LE(queued_bytes(), bound);
  if (bytes.size() > bound - queued_bytes()) {
    refused_ = true;
    refused_at_ = taken_;
    if (queued_bytes() == 0) TurnLater();  // of more than the bound
    return false;
  }
  if (bytes.empty()) return true;
  queue_.append(bytes);
  was_above_low_ = was_above_low_ || queued_bytes() > options_.send_queue_low_bytes;
  TurnLater();
  return true;
}

void TlsStream::PauseReading(bool paused) {
  paused_ = paused;
  if (state_ != State::kOpen || closing_) return;
  if (paused_) return KeepPause();
  TurnLater();
}

// Reading goes on below, to discard: a peer that is gone must be seen.
void TlsStream::Close() {
  if (state_ == State::kClosed || closing_) return;
  closing_ = true;
  KeepPause();
  TurnLater();
}

void TlsStream::KeepPause() {
  if (state_ == State::kOpen) inner_->PauseReading(paused_ && !closing_);
}

// What is asked for in one turn of the loop is done together, and no call calls back.
void TlsStream::TurnLater() {
  if (std::exchange(turning_, true)) return;
  loop_.Post([weak = weak_from_this()] {
    if (const std::shared_ptr<TlsStream> self = weak.lock()) self->Turn();
  });
}

void TlsStream::Turn() {
  turning_ = false;
  if (state_ == State::kClosed || state_ == State::kEnding) return;
  if (state_ == State::kOpen) {
    Pump();
    if (state_ == State::kOpen) Drain();
  }
  TellWritable();
}

void TlsStream::BeginHandshake() {
  state_ = State::kHandshaking;
  timer_ =
      loop_.At(clock_.MonotonicNow() + context_->handshake_max_ns(), [weak = weak_from_this()] {
        const std::shared_ptr<TlsStream> self = weak.lock();
        if (self == nullptr || self->state_ == State::kClosed) return;
        self->timer_ = 0;
        if (self->state_ == State::kEnding) {
          return self->Finish(self->ending_.reason, self->ending_.detail);
        }
        self->Break("it did not come to an end in time");
      });
}

void TlsStream::OnOpen() {
  peer_ = inner_->peer();
  BeginHandshake();
  Handshake();
}

void TlsStream::Handshake() {
  ERR_clear_error();
  const int done = SSL_do_handshake(ssl_.get());
  if (done != 1) {
    const int why = SSL_get_error(ssl_.get(), done);
    if (why != SSL_ERROR_WANT_READ) {
      const long verdict = SSL_get_verify_result(ssl_.get());
      const std::string reason = TakeOpensslError();
      if (verdict == X509_V_OK) return Break(reason);
      return Break(std::string("certificate verify failed: ") +
                   X509_verify_cert_error_string(verdict));
    }
    static_cast<void>(HandDown());
    return;
  }
  state_ = State::kOpen;
  loop_.Cancel(std::exchange(timer_, 0));
  if (!HandDown()) return;
  KeepPause();
  if (client_ && !closing_ && !Tell(callbacks_.on_open)) return;
  Pump();
  if (state_ == State::kOpen) Drain();
}

void TlsStream::OnBytes(ByteView bytes) {
  if (state_ == State::kEnding || (closing_ && state_ == State::kOpen)) return;
  BEACH_CHECK_EQ(BIO_write(arrived_, bytes.data(), static_cast<int>(bytes.size())),
                 static_cast<int>(bytes.size()));
  if (state_ == State::kHandshaking) return Handshake();
  Drain();
}

// Tells what has come, until there is no more or the layer above has had enough.
void TlsStream::Drain() {
  std::array<char, kRecordBytes> piece;
  const std::size_t most =
      static_cast<std::size_t>(std::min<std::uint64_t>(options_.read_max_bytes, piece.size()));
  while (state_ == State::kOpen && !paused_ && !closing_ && !ended_) {
    ERR_clear_error();
    const int got = SSL_read(ssl_.get(), piece.data(), static_cast<int>(most));
    if (!HandDown()) return;  // what TLS has to answer by itself
    if (got > 0) {
      if (!Tell(callbacks_.on_bytes, ByteView(piece.data(), static_cast<std::size_t>(got)))) return;
      continue;
    }
    const int why = SSL_get_error(ssl_.get(), got);
    if (why == SSL_ERROR_ZERO_RETURN) return Ended();
    if (why != SSL_ERROR_WANT_READ) return Break(TakeOpensslError());
    if (below_ended_) return Break("the peer went without a goodbye");
    break;
  }
  if (state_ == State::kOpen) KeepPause();
}

void TlsStream::Ended() {
  ended_ = true;
  if (callbacks_.on_end != nullptr) {
    static_cast<void>(Tell(callbacks_.on_end));
    return;
  }
  finishing_ = true;
  Pump();
}

void TlsStream::OnEnd() {
  below_ended_ = true;
  if (state_ == State::kHandshaking) {
    return End(CloseReason::kReset, peer_ + " has closed during the TLS handshake");
  }
  if (state_ == State::kOpen && !closing_ && !ended_) Drain();
}

// Encrypts what is queued, if nothing is below; says goodbye after the last of it.
void TlsStream::Pump() {
  if (below_ == 0 && taken_up_ < queue_.size()) {
    const std::size_t batch = std::min(kBatchBytes, queue_.size() - taken_up_);
    ERR_clear_error();
    const int wrote = SSL_write(ssl_.get(), queue_.data() + taken_up_, static_cast<int>(batch));
    if (wrote != static_cast<int>(batch)) return Break(TakeOpensslError());
    below_ = batch;
    taken_up_ += batch;
    if (taken_up_ == queue_.size()) {
      queue_.clear();
      taken_up_ = 0;
      if (queue_.capacity() > kBatchBytes) queue_ = {};
    } else if (taken_up_ > queue_.size() / 2) {
      queue_.erase(0, taken_up_);
      taken_up_ = 0;
    }
    if (!HandDown()) return;
  }
  if (taken_up_ < queue_.size() || !(closing_ || finishing_)) return;
  static_cast<void>(SSL_shutdown(ssl_.get()));
  if (closing_) return End(CloseReason::kLocal, "");
  End(CloseReason::kPeer, peer_ + " has closed");
}

// What TLS has to say goes to the connection below. False: that has failed, and was told.
bool TlsStream::HandDown() {
  char* bytes = nullptr;
  const long count = BIO_get_mem_data(leaving_, &bytes);
  if (count <= 0) return true;
  const bool taken = inner_->Send(ByteView(bytes, static_cast<std::size_t>(count)));
  static_cast<void>(BIO_reset(leaving_));
  if (taken) return true;
  // Either it is broken, and says so itself later, or the peer makes us talk and does not listen.
  if (state_ != State::kEnding && inner_->queued_bytes() > 0) {
    Finish(CloseReason::kReset, peer_ + ": TLS: the peer asks and does not read");
  }
  return false;
}

void TlsStream::OnWritable() {
  taken_ += std::exchange(below_, 0);
  if (state_ != State::kOpen) return;
  Pump();
  TellWritable();
}

// As of a plain connection: after a refusal only once something was taken.
void TlsStream::TellWritable() {
  if (state_ == State::kEnding || state_ == State::kClosed || closing_ || finishing_) return;
  if (queued_bytes() > options_.send_queue_low_bytes) return;
  const bool owed = refused_ && (taken_ > refused_at_ || queued_bytes() == 0);
  if (!owed && !was_above_low_) return;
  refused_ = false;
  was_above_low_ = false;
  static_cast<void>(Tell(callbacks_.on_writable));
}

void TlsStream::Break(const std::string& why) {
  const bool failed = client_ && state_ == State::kHandshaking;
  const std::string where = failed ? "connect to " + peer_ : peer_;
  End(failed ? CloseReason::kConnectFailed : CloseReason::kReset, where + ": TLS: " + why);
}

// The last words go out first, the alert or the goodbye that TLS has left.
void TlsStream::End(CloseReason reason, std::string detail) {
  state_ = State::kEnding;
  ending_ = {.reason = reason, .detail = std::move(detail)};
  static_cast<void>(HandDown());
  if (reason != CloseReason::kLocal && reason != CloseReason::kPeer && timer_ == 0) {
    timer_ =
        loop_.At(clock_.MonotonicNow() + context_->handshake_max_ns(), [weak = weak_from_this()] {
          const std::shared_ptr<TlsStream> self = weak.lock();
          if (self == nullptr || self->state_ == State::kClosed) return;
          self->timer_ = 0;
          self->Finish(self->ending_.reason, self->ending_.detail);
        });
  }
  inner_->PauseReading(false);
  inner_->Close();
}

void TlsStream::OnClosed(const Closed& how) {
  const bool as_meant = state_ == State::kEnding && how.reason == CloseReason::kLocal;
  if (as_meant || (state_ == State::kEnding && ending_.reason != CloseReason::kLocal)) {
    return Finish(ending_.reason, ending_.detail);
  }
  Finish(how.reason, how.detail);
}

void TlsStream::Finish(CloseReason reason, std::string detail) {
  BEACH_CHECK(state_ != State::kClosed);
  BEACH_CHECK(!calling_);
  state_ = State::kClosed;
  loop_.Cancel(std::exchange(timer_, 0));
  inner_.reset();
  queue_ = {};
  taken_up_ = 0;
  below_ = 0;
  const Connection::Callbacks last = std::exchange(callbacks_, {});
  if (last.on_closed != nullptr) last.on_closed({.reason = reason, .detail = std::move(detail)});
}

template <class Callback, class... Arguments>
bool TlsStream::Tell(const Callback& callback, const Arguments&... arguments) {
  BEACH_CHECK(!calling_);
  if (callback == nullptr) return true;
  calling_ = true;
  callback(arguments...);
  calling_ = false;
  if (!gone_) return true;
  const Connection::Callbacks dropped = std::exchange(callbacks_, {});
  return false;
}

}  // namespace beach::env
