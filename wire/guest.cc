// SPDX-License-Identifier: Apache-2.0
#include "wire/guest.h"

#include <optional>
#include <utility>

#include "base/check.h"
#include "env/marks.h"

namespace beach::wire {

Guest::Guest(env::Loop& loop, env::Clock& clock, std::unique_ptr<env::Connection> connection,
             const GuestOptions& options, FrameReader::PayloadMax payload_max, Callbacks callbacks)
    : loop_(loop),
      clock_(clock),
      connection_(std::move(connection)),
      options_(options),
      payload_max_(std::move(payload_max)),
      reader_([this](std::uint16_t type) { return Admit(type); }),
      callbacks_(std::move(callbacks)) {
  look_ns_ = clock_.MonotonicNow() + options_.hello_max_ns;
  timer_ = loop_.At(look_ns_, [this] { Look(); });
}

Guest::~Guest() {
  if (timer_ != 0) loop_.Cancel(timer_);
}

env::Connection::Callbacks Guest::connection_callbacks() {
  env::Connection::Callbacks callbacks;
  callbacks.on_bytes = [this](ByteView bytes) { OnBytes(bytes); };
  callbacks.on_writable = [this] {
    if (state_ == State::kWelcome && callbacks_.on_writable) callbacks_.on_writable();
  };
  callbacks.on_closed = [this](const env::Closed& closed) { Leave(closed.detail); };
  return callbacks;
}

void Guest::Look() {
  timer_ = 0;
  if (state_ != State::kWelcome) return Leave("it has not said who it is, or is not welcome");
  const std::uint64_t now = clock_.MonotonicNow();
  // Who slept himself, and so has not yet read what came meanwhile, accuses nobody.
  if (now - look_ns_ >= options_.silence_max_ns / 2) heard_ns_ = now;
  if (now - heard_ns_ >= options_.silence_max_ns) {
    return Leave("silent for " + std::to_string((now - heard_ns_) / 1'000'000) + " ms");
  }
  look_ns_ = heard_ns_ + options_.silence_max_ns;
  timer_ = loop_.At(look_ns_, [this] { Look(); });
}

// A type of the connection's own that is unknown is refused as well: the hello has settled the
// version, and each version says which there are.
std::optional<std::uint64_t> Guest::Admit(std::uint16_t type) const {
  const bool welcome = state_ == State::kWelcome;
  if (welcome && type >= kFirstTypeOfPayloads) return payload_max_(type);
  if (type == (welcome ? kPingType : kHelloType)) return kOwnPayloadMax;
  return std::nullopt;
}

void Guest::OnBytes(ByteView bytes) {
  if (state_ != State::kUnknown && state_ != State::kWelcome) return;
  heard_ns_ = clock_.MonotonicNow();
  reader_.Feed(bytes);
  for (;;) {
    const Result<std::optional<Frame>> frame = reader_.Next();
    BEACH_SOMETIMES("guest.stream_damaged", !frame.has_value());
    if (!frame) return Leave(frame.error().message());
    if (!*frame) return;
    const bool stays = OnFrame(**frame);
    if (!stays) return;
  }
}

// False when it is not heard any more; then the guest may be gone itself.
bool Guest::OnFrame(const Frame& frame) {
  if (state_ == State::kUnknown) return OnHello(frame.payload);
  BEACH_CHECK(state_ == State::kWelcome);
  if (frame.head.type == kPingType) {
    static_cast<void>(SendFrame({.type = kPongType, .flags = 0, .request = {}}, {}));
    return true;
  }
  BEACH_CHECK_GE(frame.head.type, kFirstTypeOfPayloads);
  if (callbacks_.on_frame) callbacks_.on_frame(frame);
  return state_ == State::kWelcome;
}

bool Guest::OnHello(ByteView payload) {
  const Result<Hello> hello = DecodeHello(payload);
  if (!hello) {
    Leave(hello.error().message());
    return false;
  }
  hello_ = *hello;
  const HelloAnswer answer = Judge(hello_, options_.cluster, options_.self);
  const bool sent =
      SendFrame({.type = kHelloAnswerType, .flags = 0, .request = {}}, Encode(answer));
  if (!sent || answer.verdict != HelloVerdict::kWelcome) {
    state_ = State::kRefused;
    connection_->Close();  // the answer goes out first
    return false;
  }
  state_ = State::kWelcome;
  if (timer_ != 0) loop_.Cancel(std::exchange(timer_, 0));
  if (hello_.from.value != 0) {
    look_ns_ = heard_ns_ + options_.silence_max_ns;
    timer_ = loop_.At(look_ns_, [this] { Look(); });
  }
  if (callbacks_.on_welcome) callbacks_.on_welcome(hello_);
  return state_ == State::kWelcome;
}

void Guest::CutOff(std::string why) {
  if (state_ == State::kGone || state_ == State::kCutOff) return;
  state_ = State::kCutOff;
  cut_off_why_ = std::move(why);
  if (timer_ != 0) loop_.Cancel(timer_);
  timer_ = loop_.At(clock_.MonotonicNow(), [this] {
    timer_ = 0;
    Leave(cut_off_why_);
  });
}

void Guest::Leave(const std::string& why) {
  if (state_ == State::kGone) return;
  state_ = State::kGone;
  const std::string reason = why;  // it may be of what goes now
  if (callbacks_.on_gone) callbacks_.on_gone(reason);
}

bool Guest::SendFrame(const FrameHead& head, ByteView payload) {
  Bytes frame;
  frame.reserve(kFrameHeaderSize + payload.size());
  AppendFrame(frame, head, payload);
  return connection_->Send(frame);
}

bool Guest::Send(const FrameHead& head, ByteView payload) {
  BEACH_CHECK_GE(head.type, kFirstTypeOfPayloads);
  return state_ == State::kWelcome && SendFrame(head, payload);
}

}  // namespace beach::wire
