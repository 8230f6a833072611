// SPDX-License-Identifier: Apache-2.0
#include "raft/transfer/sender.h"

#include <algorithm>
#include <string>
#include <utility>

#include "base/check.h"

namespace beach::raft {
namespace {

constexpr std::uint64_t kNever = ~std::uint64_t{0};
constexpr std::uint64_t kSecondNs = 1'000'000'000;

}  // namespace

SnapshotSender::SnapshotSender(env::Loop& loop, env::Clock& clock, env::FileSystem& files,
                               Helper& helper, SnapshotStore& store,
                               const SnapshotSenderOptions& options, Callbacks callbacks)
    : loop_(loop),
      clock_(clock),
      files_(files),
      helper_(helper),
      store_(store),
      options_(options),
      callbacks_(std::move(callbacks)) {
  BEACH_CHECK_GT(options_.chunk_bytes, 0U);
  BEACH_CHECK_LE(options_.chunk_bytes, kChunkBytesMax);
  BEACH_CHECK_LE(options_.chunk_bytes, options_.window_bytes);
}

SnapshotSender::~SnapshotSender() {
  if (timer_ != 0) loop_.Cancel(timer_);
}

// --- What is to be sent.

void SnapshotSender::Send(const SnapshotToSend& snapshot) {
  const auto found = transfers_.find(snapshot.peer);
  if (found != transfers_.end()) End(found);
  Transfer& transfer = transfers_[snapshot.peer];
  transfer.request = snapshot;
  if (newest_ != nullptr && newest_->meta().index >= snapshot.index_min) {
    TakePin(transfer);
  } else if (!pinning_) {
    Pin();
  }
}

void SnapshotSender::Pin() {
  BEACH_CHECK(!pinning_);
  pinning_ = true;
  for (auto& [peer, transfer] : transfers_) transfer.pinning = transfer.snapshot == nullptr;
  helper_.Ask(
      [this] { return store_.Pin(); },
      [this](Result<std::unique_ptr<PinnedSnapshot>> pinned) { Pinned(std::move(pinned)); });
}

void SnapshotSender::Pinned(Result<std::unique_ptr<PinnedSnapshot>> pinned) {
  pinning_ = false;
  Result<Outgoing> made = pinned ? OutgoingSnapshot::Make(std::move(*pinned))
                                 : Result<Outgoing>(std::unexpected(std::move(pinned).error()));
  if (made) {
    LetGo(std::exchange(newest_, std::move(*made)), nullptr);
    newest_used_ns_ = clock_.MonotonicNow();
  }
  bool again = false;
  for (auto place = transfers_.begin(); place != transfers_.end();) {
    const auto here = place++;
    Transfer& transfer = here->second;
    if (transfer.snapshot != nullptr) continue;
    if (made && newest_->meta().index >= transfer.request.index_min) {
      TakePin(transfer);
    } else if (!transfer.pinning) {
      again = true;  // asked for after that pin began
    } else if (made) {
      GiveUp(here, Error(ErrorCode::kCompactedAway, "no snapshot is as new as the log's base"));
    } else {
      GiveUp(here, made.error());
    }
  }
  if (again) Pin();
  SetTimer();
}

void SnapshotSender::TakePin(Transfer& transfer) {
  transfer.pinning = false;
  transfer.snapshot = newest_;
  transfer.reader = std::make_shared<OutgoingReader>(files_, newest_);
  callbacks_.want_look();
}

void SnapshotSender::Look(LogIndex applied,
                          const std::function<bool(NodeId, SnapshotId)>& awaited) {
  for (auto place = transfers_.begin(); place != transfers_.end();) {
    const auto here = place++;
    const Transfer& transfer = here->second;
    if (!awaited(here->first, transfer.request.id)) {
      End(here);
    } else if (transfer.snapshot != nullptr && !transfer.announced &&
               transfer.snapshot->meta().index <= applied) {
      Announce(here);
    }
  }
  SetTimer();
}

void SnapshotSender::Announce(Place place) {
  Transfer& transfer = place->second;
  transfer.announced = true;
  transfer.progress_ns = clock_.MonotonicNow();
  callbacks_.on_pinned(place->first, transfer.request.id, transfer.snapshot->meta());
  if (!callbacks_.is_up(place->first)) {
    return GiveUp(place, Error(ErrorCode::kIo, "there is no connection to that node"));
  }
  Ask(transfer);
}

// --- What is said.

// How far the receiver is.
void SnapshotSender::Ask(Transfer& transfer) {
  transfer.heard_ns = clock_.MonotonicNow();
  Bytes payload;
  EncodeSnapshotFrame({.transfer = transfer.request.id,
                       .key = transfer.snapshot->key(),
                       .body = transfer.snapshot->begin()},
                      payload);
  static_cast<void>(callbacks_.send(transfer.request.peer, payload));
}

void SnapshotSender::LinkUp(NodeId peer) {
  const auto found = transfers_.find(peer);
  if (found == transfers_.end() || !found->second.announced) return;
  Ask(found->second);
  SetTimer();
}

void SnapshotSender::Received(NodeId from, const SnapshotFrame& frame) {
  const auto found = transfers_.find(from);
  if (found == transfers_.end()) return;
  Transfer& transfer = found->second;
  if (!transfer.announced || frame.transfer != transfer.request.id) return;
  if (frame.key != transfer.snapshot->key()) return;
  transfer.heard_ns = clock_.MonotonicNow();
  if (const auto* const resume = std::get_if<SnapshotResume>(&frame.body)) {
    OnResume(transfer, resume->place);
  } else if (const auto* const have = std::get_if<SnapshotHave>(&frame.body)) {
    OnHave(transfer, have->place);
  } else if (std::holds_alternative<SnapshotDone>(frame.body)) {
    const SnapshotId id = transfer.request.id;
    End(found);
    callbacks_.on_sent(from, id);
  } else {
    BEACH_CHECK(std::holds_alternative<SnapshotRefused>(frame.body));
    GiveUp(found, Error(ErrorCode::kRefused, "the node does not take it"));
  }
  Pump();
}

void SnapshotSender::OnResume(Transfer& transfer, std::uint64_t place) {
  if (place > transfer.snapshot->total()) return;
  // Who has all is at it: what arrived is being checked, and that may take long.
  const bool has_all = place == transfer.snapshot->total();
  if (place > transfer.have || !transfer.answered || has_all) {
    transfer.progress_ns = transfer.heard_ns;
  }
  transfer.answered = true;
  transfer.stuck = false;
  transfer.reading = false;
  ++transfer.course;
  transfer.sent = transfer.have = place;
}

void SnapshotSender::OnHave(Transfer& transfer, std::uint64_t place) {
  if (place <= transfer.have || place > transfer.sent) return;
  transfer.have = place;
  transfer.progress_ns = transfer.heard_ns;
}

// --- Its bytes.

// Of the next chunk; 0: none may be sent yet.
std::uint64_t SnapshotSender::NextLength(const Transfer& transfer) const {
  if (!transfer.answered || transfer.reading || transfer.stuck) return 0;
  if (transfer.sent == transfer.snapshot->total()) return 0;
  const std::uint64_t file_rest = transfer.snapshot->EndOfFileAt(transfer.sent) - transfer.sent;
  const std::uint64_t length = std::min(options_.chunk_bytes, file_rest);
  return transfer.sent - transfer.have + length <= options_.window_bytes ? length : 0;
}

void SnapshotSender::Pump() {
  while (ReadNext(served_)) {
  }
  SetTimer();
}

// Begins the next read, of the first transfer behind that one which may send; in a ring.
bool SnapshotSender::ReadNext(NodeId after) {
  const std::uint64_t now = clock_.MonotonicNow();
  if (now < next_read_ns_) return false;
  auto place = transfers_.upper_bound(after);
  for (std::size_t looked = 0; looked < transfers_.size(); ++looked, ++place) {
    if (place == transfers_.end()) place = transfers_.begin();
    const std::uint64_t length = NextLength(place->second);
    if (length == 0) continue;
    served_ = place->first;
    Read(place->second, length);
    if (options_.bytes_per_second != 0) {
      next_read_ns_ = now + length * kSecondNs / options_.bytes_per_second;
    }
    return true;
  }
  return false;
}

void SnapshotSender::Read(Transfer& transfer, std::uint64_t length) {
  transfer.reading = true;
  helper_.Ask(
      [reader = transfer.reader, place = transfer.sent, length] {
        return reader->Read(place, length);
      },
      [this, request = transfer.request, course = transfer.course](Result<SnapshotChunk> chunk) {
        ReadDone(request.peer, request.id, course, std::move(chunk));
      });
}

void SnapshotSender::ReadDone(NodeId peer, SnapshotId id, std::uint64_t course,
                              Result<SnapshotChunk> chunk) {
  const auto found = transfers_.find(peer);
  if (found == transfers_.end()) return;
  Transfer& transfer = found->second;
  if (transfer.request.id != id || transfer.course != course) return;
  transfer.reading = false;
  if (!chunk) return GiveUp(found, chunk.error());
  BEACH_CHECK_EQ(chunk->place, transfer.sent);
  const std::uint64_t length = chunk->bytes.size();
  if (!Outstanding(transfer)) {
    // It was our turn; that it took long, by bytes_per_second, is not held against the receiver.
    transfer.heard_ns = clock_.MonotonicNow();
    if (transfer.sent >= transfer.reached) transfer.progress_ns = transfer.heard_ns;
  }
  Bytes payload;
  EncodeSnapshotFrame({.transfer = id, .key = transfer.snapshot->key(), .body = std::move(*chunk)},
                      payload);
  transfer.stuck = !callbacks_.send(peer, payload);
  if (!transfer.stuck) {
    transfer.sent += length;
    transfer.reached = std::max(transfer.reached, transfer.sent);
    bytes_sent_ += length;
  }
  Pump();
}

// --- How it ends.

void SnapshotSender::GiveUp(Place place, const Error& error) {
  const SnapshotToSend request = place->second.request;
  End(place);
  callbacks_.on_failed(request.peer, request.id, error);
}

SnapshotSender::Place SnapshotSender::End(Place place) {
  Transfer& transfer = place->second;
  if (transfer.snapshot == newest_) newest_used_ns_ = clock_.MonotonicNow();
  LetGo(std::move(transfer.snapshot), std::move(transfer.reader));
  return transfers_.erase(place);
}

// The last who lets go of it may wait for files to be removed.
void SnapshotSender::LetGo(Outgoing&& snapshot, std::shared_ptr<OutgoingReader>&& reader) {
  if (snapshot == nullptr) return;
  helper_.Do(
      [snapshot = std::move(snapshot), reader = std::move(reader)]() mutable {
        reader.reset();
        snapshot.reset();
      },
      [] {});
}

// --- Time.

// Whether an answer is due.
bool SnapshotSender::Outstanding(const Transfer& transfer) const {
  return !transfer.answered || transfer.stuck || transfer.sent > transfer.have ||
         transfer.have == transfer.snapshot->total();
}

std::uint64_t SnapshotSender::DueNs(const Transfer& transfer) const {
  if (!transfer.announced) return kNever;
  if (NextLength(transfer) > 0) return std::max(next_read_ns_, clock_.MonotonicNow());
  if (!Outstanding(transfer)) return kNever;
  return std::min(transfer.heard_ns + options_.ask_again_ns,
                  transfer.progress_ns + options_.give_up_ns);
}

std::uint64_t SnapshotSender::NextDeadlineNs() const {
  std::uint64_t next = kNever;
  bool used = pinning_;
  for (const auto& [peer, transfer] : transfers_) {
    next = std::min(next, DueNs(transfer));
    used = used || transfer.snapshot == newest_;
  }
  if (newest_ != nullptr && !used) next = std::min(next, newest_used_ns_ + options_.pin_idle_ns);
  return next;
}

void SnapshotSender::SetTimer() {
  const std::uint64_t deadline = NextDeadlineNs();
  if (timer_ != 0 && timer_ns_ == deadline) return;
  if (timer_ != 0) loop_.Cancel(std::exchange(timer_, 0));
  if (deadline == kNever) return;
  timer_ns_ = deadline;
  timer_ = loop_.At(deadline, [this] {
    timer_ = 0;
    Housekeeping();
  });
}

void SnapshotSender::Housekeeping() {
  const std::uint64_t now = clock_.MonotonicNow();
  bool used = pinning_;
  for (auto place = transfers_.begin(); place != transfers_.end();) {
    const auto here = place++;
    Transfer& transfer = here->second;
    used = used || transfer.snapshot == newest_;
    if (!transfer.announced || !Outstanding(transfer)) continue;
    if (now >= transfer.progress_ns + options_.give_up_ns) {
      GiveUp(here,
             Error(ErrorCode::kIo, "the node has not answered for " +
                                       std::to_string(options_.give_up_ns / 1'000'000) + " ms"));
    } else if (now >= transfer.heard_ns + options_.ask_again_ns) {
      Ask(transfer);
    }
  }
  if (newest_ != nullptr && !used && now >= newest_used_ns_ + options_.pin_idle_ns) {
    LetGo(std::exchange(newest_, nullptr), nullptr);
  }
  Pump();
}

}  // namespace beach::raft
