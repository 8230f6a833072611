// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "env/clock.h"
#include "env/files.h"
#include "env/loop.h"
#include "raft/output.h"
#include "raft/transfer/helper.h"
#include "raft/transfer/incoming_files.h"
#include "raft/transfer/snapshot_frame.h"
#include "raft/transfer/snapshot_store.h"

namespace beach::raft {

struct SnapshotReceiverOptions {
  std::string directory;  // of its own; the folder above is there
  std::uint64_t bytes_max = kSnapshotBytesMax;
  // What may be lost of it when the power goes.
  std::uint64_t sync_every_bytes = std::uint64_t{16} << 20;
  // Not written yet; what comes beyond is dropped, and asked for again.
  std::uint64_t queue_bytes_max = std::uint64_t{4} << 20;
  // The begin of a transfer may arrive before the core expects it, by so much.
  std::uint64_t early_max_ns = 500'000'000;
  // Files of a transfer that nobody goes on with are kept so long.
  std::uint64_t leftover_max_ns = 600'000'000'000;
};

// A follower's side of a snapshot's transfer: takes the one that its core expects, and no other.
// Of what arrived before, in another transfer or life, nothing is sent again. Of one loop, and on
// its thread; files are written by the helper, which goes before the receiver does.
class SnapshotReceiver {
 public:
  // None of them may destroy the receiver.
  struct Callbacks {
    // Lost where it cannot be sent.
    std::function<void(NodeId to, ByteView payload)> send;
    // All is here, durable and checked. True: it is going to be installed.
    std::function<bool(NodeId from, SnapshotId id)> on_received;
    // What was here is gone.
    std::function<void(NodeId from, SnapshotId id, const Error&)> on_failed;
  };
  // For SnapshotStore::Install.
  struct Arrived {
    Bytes description;
    std::vector<std::string> paths;
  };

  SnapshotReceiver(env::Loop& loop, env::Clock& clock, env::FileSystem& files, Helper& helper,
                   SnapshotStore& store, const SnapshotReceiverOptions& options,
                   Callbacks callbacks);
  SnapshotReceiver(const SnapshotReceiver&) = delete;
  SnapshotReceiver& operator=(const SnapshotReceiver&) = delete;
  ~SnapshotReceiver();

  // In place of what was expected before. REQUIRES: nothing is being installed.
  void Expect(const SnapshotToReceive& snapshot);
  // REQUIRES: a begin or a chunk.
  void Received(NodeId from, SnapshotFrame&& frame);

  // REQUIRES, of both: on_received said true last. What has arrived stays until Installed.
  Arrived arrived() const;
  // Or could not be: the files go.
  void Installed();

 private:
  enum class State : std::uint8_t {
    kIdle,
    kExpecting,  // a begin
    kOpening,    // the helper looks what is here
    kStreaming,
    kChecking,    // all is here: the helper reads it, for the store to judge
    kInstalling,  // it is sound, and wanted
  };
  struct Early {
    NodeId from;
    SnapshotFrame begin;
  };

  void OnBegin(NodeId from, SnapshotFrame&& frame);
  void OnChunk(SnapshotFrame&& frame);
  void Wait(NodeId from, SnapshotFrame&& frame);
  void Open(SnapshotFrame&& frame);
  void Opened(Result<std::uint64_t> place);
  bool Fits(const SnapshotChunk& chunk) const;
  void Write(SnapshotChunk&& chunk);
  void Written(std::uint64_t end, std::uint64_t size, const Result<std::uint64_t>& place);
  void Whole();
  void Checked(const Status& sound);
  std::vector<std::string> Paths() const;
  void GiveUp(const Error& error);
  void BecomeIdle();
  void KeepForAWhile();
  void Say(NodeId to, SnapshotId transfer, SnapshotKey key, SnapshotBody body);
  void Say(SnapshotBody body) { Say(expected_.from, expected_.id, key_, std::move(body)); }
  // For the helper's answers: nothing happens where what they are about was given up meanwhile.
  template <class Then>
  auto IfCurrent(Then then);
  void SetTimer(env::Loop::TimerId& timer, std::uint64_t after_ns,
                void (SnapshotReceiver::*then)());
  void RefuseEarly();
  void ClearLeftovers();

  env::Loop& loop_;
  env::Clock& clock_;
  Helper& helper_;
  SnapshotStore& store_;
  const SnapshotReceiverOptions options_;
  const Callbacks callbacks_;
  const std::shared_ptr<IncomingFiles> files_;  // of the helper's work
  State state_ = State::kIdle;
  SnapshotToReceive expected_;  // all below: not in kIdle
  SnapshotKey key_;             // these: not in kExpecting either
  SnapshotBegin begin_;
  std::vector<std::uint64_t> ends_;  // of each file
  std::uint64_t total_ = 0;
  std::uint64_t taken_ = 0;    // handed to the helper up to here
  std::uint64_t written_ = 0;  // and written up to here
  std::uint64_t queued_bytes_ = 0;
  std::optional<std::uint64_t> asked_;  // for what is missing: once at each place
  std::uint64_t attempt_ = 0;           // grows when answers of the helper become void
  std::optional<Early> early_;
  env::Loop::TimerId early_timer_ = 0;
  env::Loop::TimerId leftover_timer_ = 0;
};

}  // namespace beach::raft
