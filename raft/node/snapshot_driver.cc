// SPDX-License-Identifier: Apache-2.0
#include "raft/node/snapshot_driver.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/no_space.h"
#include "env/marks.h"

namespace beach::raft {
std::uint64_t SnapshotOptions::BulkBytes() const {
  return sender.window_bytes + kSnapshotFrameBytesMax;
}

SnapshotDriver::SnapshotDriver(env::Loop& loop, const env::Env& env, const SnapshotOptions& options,
                               Core& core, StateMachine& machine, Applier& applier, DiskLog& log,
                               Callbacks callbacks)
    : loop_(loop),
      clock_(*env.clock),
      core_(core),
      machine_(machine),
      applier_(applier),
      log_(log),
      callbacks_(std::move(callbacks)),
      receives_(!options.receiver.directory.empty()),
      helper_(std::make_unique<ThreadHelper>(loop, "raft-snapshot")),
      sender_(loop, clock_, *env.files, *helper_, machine, options.sender, ForSender()),
      receiver_(loop, clock_, *env.files, *helper_, machine, options.receiver, ForReceiver()),
      self_(std::make_shared<SnapshotDriver*>(this)) {}

SnapshotDriver::~SnapshotDriver() { helper_.reset(); }

SnapshotSender::Callbacks SnapshotDriver::ForSender() {
  return {
      .want_look = [this] { callbacks_.on_input(); },
      .is_up = callbacks_.is_up,
      .send = [this](NodeId to,
                     ByteView payload) { return callbacks_.send(to, wire::Lane::kBulk, payload); },
      .on_pinned =
          [this](NodeId peer, SnapshotId id, const SnapshotMeta& meta) {
            core_.SnapshotPinned(clock_.MonotonicNow(), peer, id, meta);
            callbacks_.on_input();
          },
      .on_sent =
          [this](NodeId peer, SnapshotId id) {
            core_.SnapshotSent(peer, id);
            callbacks_.on_input();
          },
      .on_failed =
          [this](NodeId peer, SnapshotId id, const Error&) {
            core_.SnapshotFailed(peer, id);
            callbacks_.on_input();
          }};
}

SnapshotReceiver::Callbacks SnapshotDriver::ForReceiver() {
  return {.send =
              [this](NodeId to, ByteView payload) {
                static_cast<void>(callbacks_.send(to, wire::Lane::kUrgent, payload));
              },
          .on_received =
              [this](NodeId from, SnapshotId id) {
                const bool wanted = core_.SnapshotReceived(clock_.MonotonicNow(), from, id);
                callbacks_.on_input();
                return wanted;
              },
          .on_failed =
              [this](NodeId from, SnapshotId id, const Error&) {
                core_.SnapshotReceiveFailed(clock_.MonotonicNow(), from, id);
                callbacks_.on_input();
              }};
}

void SnapshotDriver::Look() {
  if (sender_.transfers() == 0) return;
  const auto awaited = [this](NodeId peer, SnapshotId id) {
    return std::ranges::any_of(core_.progress(), [&](const Progress& progress) {
      return progress.id == peer && progress.state == ProgressState::kSnapshot &&
             progress.snapshot == id;
    });
  };
  sender_.Look(core_.applied(), awaited);
}

void SnapshotDriver::Take(const Output& output, std::uint64_t now_ns) {
  for (const SnapshotToSend& snapshot : output.snapshots_to_send) sender_.Send(snapshot);
  if (output.snapshot_to_receive) {
    const SnapshotToReceive& snapshot = *output.snapshot_to_receive;
    if (receives_) {
      receiver_.Expect(snapshot);
    } else {
      core_.SnapshotReceiveFailed(now_ns, snapshot.from, snapshot.id);
      callbacks_.on_input();
    }
  }
  if (!output.replace_log) return;
  BEACH_CHECK(!installing_);
  installing_ = true;
  applier_.Void([this, replacement = *output.replace_log] { Install(replacement); });
}

Status SnapshotDriver::Received(ByteView payload, NodeId from) {
  BEACH_TRY_ASSIGN(SnapshotFrame frame, DecodeSnapshotFrame(payload));
  const bool of_sender = std::holds_alternative<SnapshotBegin>(frame.body) ||
                         std::holds_alternative<SnapshotChunk>(frame.body);
  if (!of_sender) {
    sender_.Received(from, frame);
  } else if (receives_) {
    receiver_.Received(from, std::move(frame));
  }
  return {};
}

// --- An install.

void SnapshotDriver::Install(const LogReplacement& replacement) {
  helper_->Ask(
      [&machine = machine_, meta = replacement.meta, arrived = receiver_.arrived()] {
        // FAILPOINT: snapshot_after_receive: a snapshot beside the state; neither state nor log has
        // it.
        BEACH_FAILPOINT("snapshot_after_receive");
        const Status installed = machine.Install(meta, arrived.description, arrived.paths);
        // FAILPOINT: snapshot_after_install: the snapshot's state, and a log that knows nothing of
        // it.
        BEACH_FAILPOINT("snapshot_after_install");
        return installed;
      },
      [this, replacement](const Status& installed) { ReplaceLog(replacement, installed); });
}

// Nothing has changed: what has arrived is installed when there is space.
void SnapshotDriver::AwaitSpace(const LogReplacement& replacement) {
  BEACH_SOMETIMES("raft.install_awaits_space", true);
  loop_.At(clock_.MonotonicNow() + kNoSpacePauseNs,
           [weak = std::weak_ptr<SnapshotDriver*>(self_), replacement] {
             const std::shared_ptr<SnapshotDriver*> self = weak.lock();
             if (self != nullptr) (*self)->Install(replacement);
           });
}

void SnapshotDriver::ReplaceLog(const LogReplacement& replacement, const Status& installed) {
  if (!installed && installed.error().code() == ErrorCode::kNoSpace) return AwaitSpace(replacement);
  receiver_.Installed();
  if (!installed) return callbacks_.on_failed(installed.error());
  const SnapshotMeta& meta = replacement.meta;
  BEACH_CHECK(machine_.durable().index == meta.index);
  log_.Replace(meta.index, meta.term, replacement.keep_suffix,
               [weak = std::weak_ptr<SnapshotDriver*>(self_), replacement] {
                 const std::shared_ptr<SnapshotDriver*> self = weak.lock();
                 if (self != nullptr) (*self)->Finish(replacement);
               });
}

void SnapshotDriver::Finish(const LogReplacement& replacement) {
  // FAILPOINT: snapshot_after_replace: state and log of the snapshot; nobody has been told.
  BEACH_FAILPOINT("snapshot_after_replace");
  installing_ = false;
  callbacks_.on_installed(replacement);
  core_.SnapshotInstalled(clock_.MonotonicNow(), replacement.install);
  callbacks_.on_input();
}

}  // namespace beach::raft
