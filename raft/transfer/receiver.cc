// SPDX-License-Identifier: Apache-2.0
#include "raft/transfer/receiver.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/variant.h"
#include "env/marks.h"

namespace beach::raft {

SnapshotReceiver::SnapshotReceiver(env::Loop& loop, env::Clock& clock, env::FileSystem& files,
                                   Helper& helper, SnapshotStore& store,
                                   const SnapshotReceiverOptions& options, Callbacks callbacks)
    : loop_(loop),
      clock_(clock),
      helper_(helper),
      store_(store),
      options_(options),
      callbacks_(std::move(callbacks)),
      files_(std::make_shared<IncomingFiles>(files, options.directory, options.sync_every_bytes)) {
  BecomeIdle();
}

SnapshotReceiver::~SnapshotReceiver() {
  if (early_timer_ != 0) loop_.Cancel(early_timer_);
  if (leftover_timer_ != 0) loop_.Cancel(leftover_timer_);
}

template <class Then>
auto SnapshotReceiver::IfCurrent(Then then) {
  return [this, attempt = attempt_, then = std::move(then)](auto&& answer) {
    if (attempt == attempt_) then(std::forward<decltype(answer)>(answer));
  };
}

void SnapshotReceiver::SetTimer(env::Loop::TimerId& timer, std::uint64_t after_ns,
                                void (SnapshotReceiver::*then)()) {
  if (timer != 0) loop_.Cancel(timer);
  timer = loop_.At(clock_.MonotonicNow() + after_ns, [this, &timer, then] {
    timer = 0;
    (this->*then)();
  });
}

void SnapshotReceiver::Say(NodeId to, SnapshotId transfer, SnapshotKey key, SnapshotBody body) {
  Bytes payload;
  EncodeSnapshotFrame({.transfer = transfer, .key = key, .body = std::move(body)}, payload);
  callbacks_.send(to, payload);
}

// --- What is expected.

void SnapshotReceiver::Expect(const SnapshotToReceive& snapshot) {
  BEACH_CHECK(state_ != State::kInstalling);
  ++attempt_;
  state_ = State::kExpecting;
  expected_ = snapshot;
  if (leftover_timer_ == 0) KeepForAWhile();
  if (!early_ || early_->from != snapshot.from || early_->begin.transfer != snapshot.id) return;
  Early early = *std::exchange(early_, std::nullopt);
  OnBegin(early.from, std::move(early.begin));
}

void SnapshotReceiver::Received(NodeId from, SnapshotFrame&& frame) {
  if (std::holds_alternative<SnapshotBegin>(frame.body)) return OnBegin(from, std::move(frame));
  BEACH_CHECK(std::holds_alternative<SnapshotChunk>(frame.body));
  const bool ours = state_ == State::kStreaming && from == expected_.from &&
                    frame.transfer == expected_.id && frame.key == key_;
  if (ours) OnChunk(std::move(frame));
}

void SnapshotReceiver::OnBegin(NodeId from, SnapshotFrame&& frame) {
  const bool expected =
      state_ != State::kIdle && from == expected_.from && frame.transfer == expected_.id;
  if (!expected) return Wait(from, std::move(frame));
  if (state_ == State::kExpecting) return Open(std::move(frame));
  if (frame.key != key_) return;
  const bool busy = state_ == State::kStreaming || state_ == State::kChecking;
  if (busy) return Say(SnapshotResume{.place = taken_});
  if (state_ != State::kOpening) Say(SnapshotDone{});
}

// The core's word of the transfer goes another way, and may be behind; or it was lost.
void SnapshotReceiver::Wait(NodeId from, SnapshotFrame&& frame) {
  const bool again = early_ && early_->from == from && early_->begin.transfer == frame.transfer;
  early_ = {.from = from, .begin = std::move(frame)};
  if (!again) SetTimer(early_timer_, options_.early_max_ns, &SnapshotReceiver::RefuseEarly);
}

void SnapshotReceiver::RefuseEarly() {
  if (!early_) return;
  const Early early = *std::exchange(early_, std::nullopt);
  Say(early.from, early.begin.transfer, early.begin.key, SnapshotRefused{});
}

// --- Its bytes.

void SnapshotReceiver::Open(SnapshotFrame&& frame) {
  SnapshotBegin& begin = As<SnapshotBegin>(frame.body);
  if (begin.index != expected_.meta.index || begin.term != expected_.meta.term) return;
  if (leftover_timer_ != 0) loop_.Cancel(std::exchange(leftover_timer_, 0));
  state_ = State::kOpening;
  key_ = frame.key;
  begin_ = std::move(begin);
  total_ = 0;
  ends_.clear();
  for (const std::uint64_t size : begin_.sizes) ends_.push_back(total_ += size);
  if (total_ > options_.bytes_max) {
    return GiveUp(Error(ErrorCode::kNoSpace,
                        "a snapshot of " + std::to_string(total_) + " bytes is more than the " +
                            std::to_string(options_.bytes_max) + " that one may have"));
  }
  helper_.Ask(
      [files = files_, key = key_, sizes = begin_.sizes] { return files->Open(key, sizes); },
      IfCurrent([this](Result<std::uint64_t> place) { Opened(std::move(place)); }));
}

void SnapshotReceiver::Opened(Result<std::uint64_t> place) {
  BEACH_CHECK(state_ == State::kOpening);
  if (!place) return GiveUp(place.error());
  BEACH_CHECK_LE(*place, total_);
  taken_ = written_ = *place;
  queued_bytes_ = 0;
  asked_.reset();
  BEACH_SOMETIMES("raft.snapshot_resumed", written_ > 0);
  if (written_ == total_) return Whole();
  state_ = State::kStreaming;
  Say(SnapshotResume{.place = written_});
}

// Whether it lies within one file, and comes with a checksum at its end.
bool SnapshotReceiver::Fits(const SnapshotChunk& chunk) const {
  const auto end = std::upper_bound(ends_.begin(), ends_.end(), chunk.place);
  return end != ends_.end() && chunk.bytes.size() <= *end - chunk.place;
}

void SnapshotReceiver::OnChunk(SnapshotFrame&& frame) {
  SnapshotChunk& chunk = As<SnapshotChunk>(frame.body);
  if (!Fits(chunk)) return;
  if (chunk.place < taken_) return Say(SnapshotHave{.place = written_});  // it came twice
  if (chunk.place > taken_) {
    if (asked_ == taken_) return;
    asked_ = taken_;
    return Say(SnapshotResume{.place = taken_});
  }
  if (queued_bytes_ + chunk.bytes.size() > options_.queue_bytes_max) return;
  Write(std::move(chunk));
}

void SnapshotReceiver::Write(SnapshotChunk&& chunk) {
  const std::uint64_t size = chunk.bytes.size();
  taken_ += size;
  queued_bytes_ += size;
  asked_.reset();
  helper_.Ask(
      [files = files_, chunk = std::move(chunk)] {
        return files->Write(chunk.place, chunk.bytes, chunk.file_crc);
      },
      IfCurrent([this, end = taken_, size](const Result<std::uint64_t>& place) {
        Written(end, size, place);
      }));
}

void SnapshotReceiver::Written(std::uint64_t end, std::uint64_t size,
                               const Result<std::uint64_t>& place) {
  BEACH_CHECK(state_ == State::kStreaming);
  BEACH_CHECK_LE(size, queued_bytes_);
  if (!place) return GiveUp(place.error());
  queued_bytes_ -= size;
  written_ = *place;
  if (written_ == total_) return Whole();
  if (written_ == end) return Say(SnapshotHave{.place = written_});
  // A file was not what was sent. What the helper still has is behind it, and not taken.
  ++attempt_;
  taken_ = written_;
  queued_bytes_ = 0;
  Say(SnapshotResume{.place = written_});
}

// --- Its end.

// Each file is what was sent, or was when it ended. Whether that is what was once written, and is
// so still, the store can tell.
void SnapshotReceiver::Whole() {
  state_ = State::kChecking;
  helper_.Ask([&store = store_, description = begin_.description,
               paths = Paths()] { return store.Check(description, paths); },
              IfCurrent([this](const Status& sound) { Checked(sound); }));
}

void SnapshotReceiver::Checked(const Status& sound) {
  BEACH_CHECK(state_ == State::kChecking);
  if (!sound) return GiveUp(sound.error());
  state_ = State::kInstalling;
  Say(SnapshotDone{});
  if (!callbacks_.on_received(expected_.from, expected_.id)) BecomeIdle();
}

void SnapshotReceiver::GiveUp(const Error& error) {
  ++attempt_;
  ClearLeftovers();
  Say(SnapshotRefused{});
  const SnapshotToReceive failed = expected_;
  BecomeIdle();
  callbacks_.on_failed(failed.from, failed.id, error);
}

SnapshotReceiver::Arrived SnapshotReceiver::arrived() const {
  BEACH_CHECK(state_ == State::kInstalling);
  return {.description = begin_.description, .paths = Paths()};
}

std::vector<std::string> SnapshotReceiver::Paths() const {
  std::vector<std::string> paths;
  for (std::size_t number = 0; number < begin_.sizes.size(); ++number) {
    paths.push_back(IncomingFiles::PathOf(options_.directory, number));
  }
  return paths;
}

void SnapshotReceiver::Installed() {
  BEACH_CHECK(state_ == State::kInstalling);
  ClearLeftovers();
  BecomeIdle();
}

void SnapshotReceiver::BecomeIdle() {
  state_ = State::kIdle;
  begin_ = {};
  KeepForAWhile();
}

// What is here may be of use to another transfer of the same snapshot.
void SnapshotReceiver::KeepForAWhile() {
  SetTimer(leftover_timer_, options_.leftover_max_ns, &SnapshotReceiver::ClearLeftovers);
}

// What cannot be removed is in nobody's way: the next transfer tries again, and reports it.
void SnapshotReceiver::ClearLeftovers() {
  helper_.Ask([files = files_] { return files->Clear(); }, [](const Status&) {});
}

}  // namespace beach::raft
