// SPDX-License-Identifier: Apache-2.0
#include "raft/transfer/testing/transfer_world.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "base/random.h"

namespace beach::raft::testing {
namespace {

constexpr NodeId kLeader(1);
constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr int kTurnsMax = 100'000;

}  // namespace

class TestStore::TestPin final : public PinnedSnapshot {
 public:
  explicit TestPin(TestStore& store)
      : store_(store), description_(store.description), files_(store.files) {
    meta_.index = store.index;
    meta_.term = Term(3);
    ++store_.held;
  }
  ~TestPin() override { --store_.held; }
  const SnapshotMeta& meta() const override { return meta_; }
  const Bytes& description() const override { return description_; }
  const std::vector<SnapshotFile>& files() const override { return files_; }
  Status Check(std::size_t number) const override {
    ++store_.checks;
    const std::string& path = files_[number].path;
    if (!store_.damaged.contains(path)) return {};
    return Fail(Error(ErrorCode::kCorruption, "bad block checksum").At(path));
  }

 private:
  TestStore& store_;
  SnapshotMeta meta_;
  const Bytes description_;
  const std::vector<SnapshotFile> files_;
};

Result<std::unique_ptr<PinnedSnapshot>> TestStore::Pin() {
  ++pins;
  if (fails) return Fail(Error(*fails));
  return std::make_unique<TestPin>(*this);
}

Status TestStore::Check(ByteView, const std::vector<std::string>& paths) {
  ++arrivals;
  return check_arrived ? check_arrived(paths) : Status();
}

TransferWorld::TransferWorld() {
  for (const char* directory : {"n1", "n2", "n3"}) {
    BEACH_CHECK(files.CreateDirectory(directory).has_value());
  }
  sender_options.chunk_bytes = 1000;
  sender_options.window_bytes = 4000;
  receiver_options.sync_every_bytes = 5000;
  StartFollower(NodeId(2));
  StartFollower(NodeId(3));
}

TransferWorld::~TransferWorld() {
  helper.reset();
  for (auto& [node, follower] : followers) follower.helper.reset();
}

void TransferWorld::StartSender() {
  helper = std::make_unique<TurnHelper>(loop);
  SnapshotSender::Callbacks callbacks;
  callbacks.want_look = [this] { look_wanted = true; };
  callbacks.is_up = [this](NodeId node) { return !down_[node]; };
  callbacks.send = [this](NodeId to, ByteView payload) {
    if (down_[to]) return false;
    flying_.push_back({.from = kLeader, .to = to, .payload = Bytes(payload)});
    return true;
  };
  callbacks.on_pinned = [this](NodeId peer, SnapshotId id, const SnapshotMeta& meta) {
    pinned.push_back(id);
    if (!cores_speak || down_[peer] || followers[peer].receiver == nullptr) return;
    followers[peer].receiver->Expect({.from = kLeader, .id = id, .meta = meta});
  };
  callbacks.on_sent = [this](NodeId, SnapshotId id) { sent.push_back(id); };
  callbacks.on_failed = [this](NodeId peer, SnapshotId, const Error& error) {
    failures.push_back(error);
    awaited.erase(peer);
  };
  sender = std::make_unique<SnapshotSender>(loop, clock, files, *helper, store, sender_options,
                                            callbacks);
}

void TransferWorld::StartFollower(NodeId node) {
  TestFollower& follower = followers[node];
  follower.helper = std::make_unique<TurnHelper>(loop);
  SnapshotReceiverOptions options = receiver_options;
  options.directory = Directory(node);
  SnapshotReceiver::Callbacks callbacks;
  callbacks.send = [this, node](NodeId to, ByteView payload) {
    if (!down_[node]) flying_.push_back({.from = node, .to = to, .payload = Bytes(payload)});
  };
  callbacks.on_received = [&follower](NodeId, SnapshotId id) {
    follower.received.push_back(id);
    return follower.wants;
  };
  callbacks.on_failed = [&follower](NodeId, SnapshotId, const Error& error) {
    follower.failures.push_back(error);
  };
  follower.receiver = std::make_unique<SnapshotReceiver>(loop, clock, files, *follower.helper,
                                                         store, options, callbacks);
}

void TransferWorld::StopFollower(NodeId node) {
  Break(node);
  followers[node].helper.reset();
  followers[node].receiver.reset();
  said_.erase(node);
}

void TransferWorld::WriteFiles(const std::vector<std::uint64_t>& sizes) {
  store.files.clear();
  for (const std::uint64_t size : sizes) {
    const std::string path =
        "n1/" + std::to_string(store.index.value) + "-" + std::to_string(store.files.size());
    RandomStream stream(Mix64(store.index.value) ^ store.files.size());
    Bytes content(size, '\0');
    for (char& c : content) c = static_cast<char>(stream.Next());
    files.SetContent(path, std::move(content));
    store.files.push_back({.path = path, .size_bytes = size});
  }
}

SnapshotId TransferWorld::Send(NodeId peer, LogIndex index_min) {
  if (sender == nullptr) StartSender();
  last_ = last_.Next();
  awaited[peer] = last_;
  sender->Send({.peer = peer, .id = last_, .index_min = index_min});
  return last_;
}

void TransferWorld::Fly(const Flying& flying) {
  const Result<SnapshotFrame> decoded = DecodeSnapshotFrame(flying.payload);
  BEACH_CHECK(decoded.has_value());
  for (int times = deliver ? deliver(flying, *decoded) : 1; times > 0; --times) {
    SnapshotFrame frame = *decoded;
    ++frames_delivered;
    if (flying.to == kLeader) {
      std::uint64_t& said = said_[flying.from];
      if (const auto* const resume = std::get_if<SnapshotResume>(&frame.body)) {
        if (resume->place < said) ++rewinds;
        said = resume->place;
      }
      if (const auto* const have = std::get_if<SnapshotHave>(&frame.body)) said = have->place;
      sender->Received(flying.from, frame);
    } else if (followers[flying.to].receiver != nullptr) {
      const auto* const chunk = std::get_if<SnapshotChunk>(&frame.body);
      if (chunk != nullptr) chunk_bytes_delivered += chunk->bytes.size();
      followers[flying.to].receiver->Received(flying.from, std::move(frame));
    }
  }
}

bool TransferWorld::DeliverOne() {
  if (flying_.empty()) return false;
  const std::size_t next = pick ? pick(flying_.size()) : 0;
  const Flying flying = std::move(flying_[next]);
  flying_.erase(flying_.begin() + static_cast<std::ptrdiff_t>(next));
  Fly(flying);
  return true;
}

void TransferWorld::Settle() {
  look_wanted = true;  // the core may have moved
  for (int turn = 0; turn < kTurnsMax; ++turn) {
    loop.Settle();
    if (sender != nullptr && look_wanted) {
      look_wanted = false;
      sender->Look(applied, [this](NodeId peer, SnapshotId id) {
        return awaited.contains(peer) && awaited[peer] == id;
      });
    }
    if (DeliverOne()) continue;
    loop.Settle();
    if (flying_.empty()) return;
  }
  BEACH_CHECK(false);
}

void TransferWorld::RunFor(std::uint64_t ns) {
  const std::uint64_t end_ns = clock.now_ns + ns;
  Settle();
  while (clock.now_ns < end_ns) {
    loop.Advance(std::min(10 * kMillisecond, end_ns - clock.now_ns));
    Settle();
  }
}

void TransferWorld::Break(NodeId peer) {
  down_[peer] = true;
  std::erase_if(flying_, [&](const Flying& one) { return one.from == peer || one.to == peer; });
}

void TransferWorld::Connect(NodeId peer) {
  down_[peer] = false;
  if (sender != nullptr) sender->LinkUp(peer);
}

bool TransferWorld::Arrived(NodeId node) {
  const SnapshotReceiver::Arrived arrived = followers[node].receiver->arrived();
  if (arrived.description != store.description) return false;
  if (arrived.paths.size() != store.files.size()) return false;
  for (std::size_t i = 0; i < arrived.paths.size(); ++i) {
    if (files.Content(arrived.paths[i]) != files.Content(store.files[i].path)) return false;
  }
  return true;
}

}  // namespace beach::raft::testing
