// SPDX-License-Identifier: Apache-2.0
#include "wire/link.h"

#include <algorithm>
#include <optional>
#include <utility>

#include "base/check.h"
#include "base/random.h"
#include "env/marks.h"

namespace beach::wire {
namespace {

constexpr std::uint64_t kDoublingsMax = 32;

}  // namespace

Link::Link(env::Loop& loop, env::Clock& clock, std::string address, const Hello& hello,
           const LinkOptions& options, FrameReader::PayloadMax payload_max, Callbacks callbacks)
    : loop_(loop),
      clock_(clock),
      address_(std::move(address)),
      hello_(hello),
      options_(options),
      payload_max_(std::move(payload_max)),
      callbacks_(std::move(callbacks)) {
  BEACH_CHECK_LE(options_.retry_low_ns, options_.retry_high_ns);
  BEACH_CHECK_LE(options_.ping_every_ns, options_.silence_max_ns);
  SetTimer(clock_.MonotonicNow(), &Link::Dial);
}

Link::~Link() {
  if (timer_ != 0) loop_.Cancel(timer_);
}

void Link::SetTimer(std::uint64_t deadline_ns, void (Link::*then)()) {
  if (timer_ != 0) loop_.Cancel(timer_);
  timer_ = loop_.At(deadline_ns, [this, then] {
    timer_ = 0;
    (this->*then)();
  });
}

std::optional<std::uint64_t> Link::Admit(std::uint16_t type) const {
  const bool up = state_ == State::kUp;
  if (up && type >= kFirstTypeOfPayloads) return payload_max_(type);
  if (type == (up ? kPongType : kHelloAnswerType)) return kOwnPayloadMax;
  return std::nullopt;
}

void Link::Dial() {
  BEACH_CHECK(connection_ == nullptr);
  state_ = State::kDialling;
  reader_ = std::make_unique<FrameReader>([this](std::uint16_t type) { return Admit(type); });
  env::Connection::Callbacks callbacks;
  callbacks.on_open = [this] { OnOpen(); };
  callbacks.on_bytes = [this](ByteView bytes) { OnBytes(bytes); };
  callbacks.on_writable = [this] { Pump(); };
  callbacks.on_closed = [this](const env::Closed& closed) { Break(closed.detail); };
  env::ConnectionOptions options;
  options.send_queue_max_bytes =
      options_.urgent_max_bytes + options_.bulk_max_bytes + kFrameHeaderSize + kOwnPayloadMax;
  options.send_queue_low_bytes = options_.bulk_ahead_bytes / 2;
  connection_ = loop_.Connect(address_, options, std::move(callbacks));
  SetTimer(clock_.MonotonicNow() + options_.dial_max_ns, &Link::Look);
}

void Link::OnOpen() {
  Bytes frame;
  AppendFrame(frame, {.type = kHelloType, .flags = 0, .request = {}}, Encode(hello_));
  const bool sent = connection_->Send(frame);
  BEACH_CHECK(sent);  // the first bytes of all
}

void Link::OnBytes(ByteView bytes) {
  heard_ns_ = clock_.MonotonicNow();
  reader_->Feed(bytes);
  for (;;) {
    const Result<std::optional<Frame>> frame = reader_->Next();
    BEACH_SOMETIMES("link.stream_damaged", !frame.has_value());
    if (!frame) return Break(frame.error().message());
    if (!*frame) return;
    OnFrame(**frame);
    if (connection_ == nullptr) return;  // broken, and the reader is gone
  }
}

void Link::OnFrame(const Frame& frame) {
  if (state_ == State::kDialling) return OnAnswer(frame.payload);
  BEACH_CHECK(state_ == State::kUp);
  if (frame.head.type == kPongType) return;
  BEACH_CHECK_GE(frame.head.type, kFirstTypeOfPayloads);
  if (callbacks_.on_frame) callbacks_.on_frame(frame);
}

void Link::OnAnswer(ByteView payload) {
  const Result<HelloAnswer> answer = DecodeHelloAnswer(payload);
  if (!answer) return Break(answer.error().message());
  if (answer->verdict != HelloVerdict::kWelcome) return Break(HelloVerdictText(answer->verdict));
  const bool fits = answer->version >= hello_.version_min && answer->version <= hello_.version_max;
  const bool meant = hello_.to == NodeNumber{} || answer->from == hello_.to;
  if (!fits || !meant) {
    return Break("its answer to our hello is that of another node or version");
  }
  state_ = State::kUp;
  peer_ = answer->from;
  failures_ = 0;
  ++times_up_;
  look_ns_ = heard_ns_ + options_.ping_every_ns;
  SetTimer(look_ns_, &Link::Look);
  if (callbacks_.on_up) callbacks_.on_up();
}

// Whether it still lives.
void Link::Look() {
  if (state_ == State::kDialling) {
    BEACH_SOMETIMES("link.not_answered", true);
    return Break("no answer within " + std::to_string(options_.dial_max_ns / 1'000'000) + " ms");
  }
  const std::uint64_t now = clock_.MonotonicNow();
  // Who slept himself, and so has not yet read what came meanwhile, accuses nobody.
  if (now - look_ns_ >= options_.ping_every_ns) heard_ns_ = now;
  look_ns_ = now + options_.ping_every_ns;
  const bool silent = now - heard_ns_ >= options_.silence_max_ns;
  BEACH_SOMETIMES("link.silent", silent);
  if (silent) {
    return Break("silent for " + std::to_string((now - heard_ns_) / 1'000'000) + " ms");
  }
  SetTimer(look_ns_, &Link::Look);
  static_cast<void>(Enqueue(Lane::kUrgent, {.type = kPingType, .flags = 0, .request = {}}, {}));
}

void Link::Break(const std::string& why) {
  const std::string reason = why;  // it may be of what goes now
  connection_.reset();
  reader_.reset();
  for (Queue& queue : queues_) queue = {};
  state_ = State::kWaiting;
  Retry();
  if (callbacks_.on_down) callbacks_.on_down(reason);
}

void Link::Retry() {
  const std::uint64_t doublings = std::min(failures_++, kDoublingsMax);
  const std::uint64_t longest = options_.retry_low_ns > options_.retry_high_ns >> doublings
                                    ? options_.retry_high_ns
                                    : options_.retry_low_ns << doublings;
  const std::uint64_t drawn = RandomValue(options_.random_key, hello_.to.value, ++draws_);
  const std::uint64_t wait = longest / 2 + RandomBelow(drawn, longest - longest / 2 + 1);
  SetTimer(clock_.MonotonicNow() + wait, &Link::Dial);
}

bool Link::Send(Lane lane, const FrameHead& head, ByteView payload) {
  BEACH_CHECK_GE(head.type, kFirstTypeOfPayloads);
  return Enqueue(lane, head, payload);
}

bool Link::Enqueue(Lane lane, const FrameHead& head, ByteView payload) {
  if (state_ != State::kUp) return false;
  Queue& queue = queues_[IndexOf(lane)];
  const std::uint64_t max =
      lane == Lane::kUrgent ? options_.urgent_max_bytes : options_.bulk_max_bytes;
  const std::uint64_t size = kFrameHeaderSize + payload.size();
  BEACH_SOMETIMES("link.lane_full", size > max - queue.bytes);
  if (size > max - queue.bytes) return false;
  Bytes frame;
  frame.reserve(size);
  AppendFrame(frame, head, payload);
  queue.bytes += size;
  queue.frames.push_back(std::move(frame));
  Pump();
  return true;
}

void Link::Pump() {
  if (state_ != State::kUp) return;
  while (PumpOne(Lane::kUrgent) || PumpOne(Lane::kBulk)) {
  }
}

bool Link::PumpOne(Lane lane) {
  Queue& queue = queues_[IndexOf(lane)];
  if (queue.frames.empty()) return false;
  if (lane == Lane::kBulk) {
    // Something urgent that finds no room is not passed by what is small enough.
    const bool urgent_waits = !queues_[IndexOf(Lane::kUrgent)].frames.empty();
    if (urgent_waits || connection_->queued_bytes() >= options_.bulk_ahead_bytes) return false;
  }
  if (!connection_->Send(queue.frames.front())) return false;
  BEACH_SOMETIMES("link.urgent_overtakes",
                  lane == Lane::kUrgent && queues_[IndexOf(Lane::kBulk)].bytes > 0);
  queue.bytes -= queue.frames.front().size();
  queue.frames.pop_front();
  return true;
}

}  // namespace beach::wire
