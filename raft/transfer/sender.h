// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <memory>

#include "base/bytes.h"
#include "base/error.h"
#include "env/clock.h"
#include "env/files.h"
#include "env/loop.h"
#include "raft/output.h"
#include "raft/transfer/helper.h"
#include "raft/transfer/outgoing_files.h"
#include "raft/transfer/snapshot_frame.h"
#include "raft/transfer/snapshot_store.h"

namespace beach::raft {

struct SnapshotSenderOptions {
  std::uint64_t chunk_bytes = std::uint64_t{1} << 18;   // at most kChunkBytesMax
  std::uint64_t window_bytes = std::uint64_t{1} << 20;  // sent, and not known to have been written
  std::uint64_t bytes_per_second = 0;                   // of all transfers together; 0: no limit
  // A begin that has no answer, and bytes that have none, are followed by another begin.
  std::uint64_t ask_again_ns = 1'000'000'000;
  // Without progress, a transfer ends.
  std::uint64_t give_up_ns = 30'000'000'000;
  // A snapshot that nobody needs stays pinned for so long: another attempt, or another follower,
  // may want it.
  std::uint64_t pin_idle_ns = 30'000'000'000;
};

// A leader's side of the transfer of snapshots: one at most to each follower, and the same one to
// all of them, where it is new enough. Of one loop, and on its thread; files are read, pinned and
// let go of by the helper, which goes before the sender does.
class SnapshotSender {
 public:
  // None of them may destroy the sender.
  struct Callbacks {
    std::function<void()> want_look;  // something waits for a call of Look
    std::function<bool(NodeId)> is_up;
    // Chunks and begins. False: it cannot be sent now, and is dropped.
    std::function<bool(NodeId to, ByteView payload)> send;
    std::function<void(NodeId peer, SnapshotId id, const SnapshotMeta&)> on_pinned;
    // One of the two is the end of a transfer; none is, where nobody awaits it any more.
    std::function<void(NodeId peer, SnapshotId id)> on_sent;
    std::function<void(NodeId peer, SnapshotId id, const Error&)> on_failed;
  };

  SnapshotSender(env::Loop& loop, env::Clock& clock, env::FileSystem& files, Helper& helper,
                 SnapshotStore& store, const SnapshotSenderOptions& options, Callbacks callbacks);
  SnapshotSender(const SnapshotSender&) = delete;
  SnapshotSender& operator=(const SnapshotSender&) = delete;
  ~SnapshotSender();

  // In place of an earlier one to that peer. Calls back from later calls and from the loop alone.
  void Send(const SnapshotToSend& snapshot);
  // REQUIRES: neither a begin nor a chunk.
  void Received(NodeId from, const SnapshotFrame& frame);
  void LinkUp(NodeId peer);
  // To be called now and then: ends, without a word, what nobody awaits, and tells of what was
  // pinned, which may be ahead of what the core knows to be applied.
  void Look(LogIndex applied, const std::function<bool(NodeId, SnapshotId)>& awaited);

  std::size_t transfers() const { return transfers_.size(); }
  bool pinned() const { return newest_ != nullptr; }
  std::uint64_t bytes_sent() const { return bytes_sent_; }

 private:
  using Outgoing = std::shared_ptr<OutgoingSnapshot>;  // of all its transfers
  struct Transfer {
    SnapshotToSend request;
    bool pinning = false;  // the pin under way was begun for it, too
    Outgoing snapshot;
    std::shared_ptr<OutgoingReader> reader;  // of the helper's work
    bool announced = false;                  // on_pinned
    bool answered = false;                   // the receiver has said where to begin
    bool reading = false;
    bool stuck = false;         // a chunk could not be sent
    std::uint64_t sent = 0;     // up to here
    std::uint64_t have = 0;     // the receiver has all up to here
    std::uint64_t reached = 0;  // as far as was ever sent
    std::uint64_t course = 0;   // grows when what is being read is not wanted any more
    std::uint64_t heard_ns = 0;
    std::uint64_t progress_ns = 0;
  };
  using Place = std::map<NodeId, Transfer>::iterator;

  void Pin();
  void Pinned(Result<std::unique_ptr<PinnedSnapshot>> pinned);
  void TakePin(Transfer& transfer);
  void Announce(Place place);
  void Ask(Transfer& transfer);
  void OnResume(Transfer& transfer, std::uint64_t place);
  void OnHave(Transfer& transfer, std::uint64_t place);
  bool Outstanding(const Transfer& transfer) const;
  std::uint64_t NextLength(const Transfer& transfer) const;
  void Pump();
  bool ReadNext(NodeId after);
  void Read(Transfer& transfer, std::uint64_t length);
  void ReadDone(NodeId peer, SnapshotId id, std::uint64_t course, Result<SnapshotChunk> chunk);
  void GiveUp(Place place, const Error& error);
  Place End(Place place);
  void LetGo(Outgoing&& snapshot, std::shared_ptr<OutgoingReader>&& reader);
  std::uint64_t DueNs(const Transfer& transfer) const;
  void Housekeeping();
  std::uint64_t NextDeadlineNs() const;
  void SetTimer();

  env::Loop& loop_;
  env::Clock& clock_;
  env::FileSystem& files_;
  Helper& helper_;
  SnapshotStore& store_;
  const SnapshotSenderOptions options_;
  const Callbacks callbacks_;
  std::map<NodeId, Transfer> transfers_;
  bool pinning_ = false;
  Outgoing newest_;
  std::uint64_t newest_used_ns_ = 0;
  NodeId served_;                   // whose bytes were read last: the others are before it
  std::uint64_t next_read_ns_ = 0;  // by bytes_per_second
  std::uint64_t bytes_sent_ = 0;
  env::Loop::TimerId timer_ = 0;
  std::uint64_t timer_ns_ = 0;
};

}  // namespace beach::raft
