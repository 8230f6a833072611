// SPDX-License-Identifier: Apache-2.0
//
// Two drivers or three, with cores, logs and appliers of their own, and a test between them.

#include "raft/node/snapshot_driver.h"

#include <gtest/gtest.h>

#include <fstream>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "env/conformance/case_loop.h"
#include "env/conformance/expect.h"
#include "env/os/test_fixture.h"
#include "raft/transfer/snapshot_frame.h"

namespace beach::raft {
namespace {

using env::conformance::kMillisecond;

constexpr ClusterId kCluster(7);
constexpr NodeId kLeader(1);
constexpr std::uint64_t kFileSize = 20'000;
constexpr std::uint64_t kChunk = 1'000;

SnapshotMeta MetaOf(std::uint64_t index, std::uint64_t term) {
  SnapshotMeta meta;
  meta.index = LogIndex(index);
  meta.term = Term(term);
  meta.configuration.voters = {NodeId(1), NodeId(2), NodeId(3)};
  return meta;
}

// One file, at index 5 of term 1.
class Pinned final : public PinnedSnapshot {
 public:
  explicit Pinned(const std::string& path) : files_{{.path = path, .size_bytes = kFileSize}} {}
  const SnapshotMeta& meta() const override { return meta_; }
  const Bytes& description() const override { return description_; }
  const std::vector<SnapshotFile>& files() const override { return files_; }
  Status Check(std::size_t) const override { return {}; }

 private:
  const SnapshotMeta meta_ = MetaOf(5, 1);
  const Bytes description_ = "levels";
  const std::vector<SnapshotFile> files_;
};

class TestMachine final : public StateMachine {
 public:
  SnapshotMeta durable() const override { return held; }
  Result<std::size_t> Apply(std::span<const Entry> entries, bool,
                            std::vector<Bytes>& answers) override {
    answers.resize(entries.size());
    return entries.size();
  }
  Status Health() const override { return {}; }
  void WantDurable() override {}
  Result<std::unique_ptr<PinnedSnapshot>> Pin() override { return std::make_unique<Pinned>(path); }
  Status Check(ByteView, const std::vector<std::string>&) override { return {}; }
  Status Install(const SnapshotMeta& meta, ByteView description,
                 const std::vector<std::string>& paths) override {
    EXPECT_EQ(description, "levels");
    EXPECT_EQ(paths.size(), 1U);
    if (fails) return Fail(ErrorCode::kIo, "broken");
    if (finds_no_space > 0) {
      --finds_no_space;
      return Fail(ErrorCode::kNoSpace, "full");
    }
    held = meta;
    return {};
  }

  std::string path;
  SnapshotMeta held;
  bool fails = false;
  int finds_no_space = 0;  // times
};

struct Side {
  NodeId id;
  TestMachine machine;
  std::unique_ptr<DiskLog> log;
  std::optional<Core> core;
  std::unique_ptr<Applier> applier;
  std::unique_ptr<SnapshotDriver> driver;
  Output output;
  std::optional<DiskLogRange> installed;  // what its log held then
  std::optional<Error> failed;
};

class SnapshotDriverTest : public ::testing::Test {
 protected:
  SnapshotDriverTest() {
    for (std::uint64_t i = 1; i <= 3; ++i) Make(NodeId(i));
    const std::string path = world_.directory() + "/table";
    std::ofstream(path) << std::string(kFileSize, 'x');
    side(kLeader).machine.path = path;
  }
  ~SnapshotDriverTest() override {
    for (auto& [id, side] : sides_) {
      side.driver.reset();
      side.applier.reset();
      side.log.reset();
    }
  }

  Side& side(NodeId id) { return sides_[id]; }

  void Make(NodeId id) {
    Side& made = sides_[id];
    made.id = id;
    const std::string name = world_.directory() + "/" + std::to_string(id.value);
    // The leader has what its snapshot holds, and no log before it.
    if (id == kLeader) made.machine.held = MetaOf(5, 1);
    const SnapshotMeta& held = made.machine.held;
    DiskLogOptions log;
    log.cluster = kCluster;
    log.node = id;
    log.create = true;
    auto opened =
        DiskLog::Open(world_.env(), name + ".log", log, {.index = held.index, .term = held.term});
    ASSERT_OK(opened);
    made.log = *std::move(opened);
    Options options;
    options.id = id;
    options.cluster = kCluster;
    options.election_timeout_ns = 300 * kMillisecond;
    options.heartbeat_interval_ns = 20 * kMillisecond;
    Restored restored;
    restored.hard_state.term = held.term;
    restored.base = restored.applied = held.index;
    restored.base_term = held.term;
    restored.configuration = MetaOf(0, 0).configuration;
    made.core.emplace(options, std::move(restored), loop_.Now());
    made.applier = std::make_unique<Applier>(
        *world_.env().clock, *loop_, made.machine,
        Applier::Callbacks{
            .on_applied =
                [&made, this](std::span<const Entry> entries, std::span<const Bytes>) {
                  made.core->Applied(loop_.Now(), entries.back().index);
                },
            .on_failed = [](const Error& error) { FAIL() << error.ToString(); }});
    SnapshotOptions snapshots;
    snapshots.sender.chunk_bytes = kChunk;
    snapshots.sender.window_bytes = 4 * kChunk;
    snapshots.receiver.directory = name + ".incoming";
    made.driver =
        std::make_unique<SnapshotDriver>(*loop_, world_.env(), snapshots, *made.core, made.machine,
                                         *made.applier, *made.log, CallbacksOf(made));
    made.log->Start(*loop_, {.on_persisted =
                                 [&made, this](PersistId persisted) {
                                   made.core->Persisted(loop_.Now(), persisted);
                                   Look(made);
                                 },
                             .on_failed = [](const Error& error) { FAIL() << error.ToString(); }});
  }

  SnapshotDriver::Callbacks CallbacksOf(Side& from) {
    return {.is_up = [this](NodeId) { return up_; },
            .send = [this, &from](NodeId to, wire::Lane,
                                  ByteView payload) { return Carry(from, to, payload); },
            .on_input = [this, &from] { Look(from); },
            .on_installed =
                [&from](const LogReplacement&) {
                  EXPECT_EQ(from.machine.held.index, LogIndex(5)) << "the machine comes first";
                  EXPECT_EQ(from.core->applied(), LogIndex(0)) << "and the core comes last";
                  from.installed = from.log->durable();
                },
            .on_failed = [&from](const Error& error) { from.failed = error; }};
  }

  // A frame goes from one to another, if it may.
  bool Carry(Side& from, NodeId to, ByteView payload) {
    if (!up_) return false;
    const auto frame = DecodeSnapshotFrame(payload);
    EXPECT_TRUE(frame.has_value());
    if (const auto* const chunk = std::get_if<SnapshotChunk>(&frame->body)) {
      if (to == NodeId(2) && chunks_[to].size() == break_at_) {
        up_ = false;
        return true;  // it is lost
      }
      chunks_[to].push_back(chunk->place);
    }
    loop_->Post([this, to, from = from.id, bytes = Bytes(payload)] {
      EXPECT_TRUE(side(to).driver->Received(bytes, from));
    });
    return true;
  }

  void Look(Side& of) {
    loop_->Post([this, &of] { Turn(of); });
  }
  void Turn(Side& of) {
    if (of.driver == nullptr) return;
    // Nobody else wants to lead.
    const bool due = of.core->NextDeadlineNs() <= loop_.Now();
    if (due && of.id == kLeader) of.core->Tick(loop_.Now());
    of.driver->Look();
    of.core->TakeOutput(loop_.Now(), of.output);
    if (of.output.persist.id != PersistId{}) of.log->Write(std::move(of.output.persist));
    for (const Message& message : of.output.messages) {
      if (!cores_speak_) break;
      loop_->Post([this, message] { Say(message.to, message.term, message.from, message.body); });
    }
    of.driver->Take(of.output, loop_.Now());
    if (!of.output.apply.empty()) of.applier->Add(of.output.apply);
  }
  void Say(NodeId to, Term term, NodeId from, Body body) {
    side(to).core->Step(
        loop_.Now(),
        {.cluster = kCluster, .from = from, .to = to, .term = term, .body = std::move(body)});
    Turn(side(to));
  }
  // The leader is elected, and finds that the others need its snapshot.
  void Begin() {
    loop_->At(loop_.Now() + kMillisecond, [this] {
      Turn(side(kLeader));
      Begin();
    });
  }
  // Entries 1 to `last` of term 1 from another leader in term 9, none of them known as committed.
  void Append(NodeId to, std::uint64_t last) {
    raft::Append append{.previous = {}, .previous_term = {}, .commit = {}, .entries = {}};
    for (std::uint64_t i = 1; i <= last; ++i) {
      append.entries.push_back({.term = Term(1), .index = LogIndex(i), .payload = {}});
    }
    Say(to, Term(9), NodeId(3), std::move(append));
  }
  bool RunUntilInstalled(NodeId node) {
    return loop_.RunUntil([&] {
      return side(node).installed.has_value() && side(node).core->applied() >= LogIndex(5);
    });
  }

  env::OsFixture world_{env::AsyncWrites::kThreads};
  env::conformance::CaseLoop loop_{world_};
  std::map<NodeId, Side> sides_;
  bool up_ = true;
  bool cores_speak_ = true;
  std::size_t break_at_ = ~std::size_t{0};               // that many chunks have come
  std::map<NodeId, std::vector<std::uint64_t>> chunks_;  // places, by receiver
};

TEST_F(SnapshotDriverTest, InstallsInMachineThenLogThenCore) {
  Begin();
  ASSERT_TRUE(RunUntilInstalled(NodeId(2)));
  EXPECT_EQ(chunks_[NodeId(2)].size(), kFileSize / kChunk);
  ASSERT_TRUE(side(NodeId(2)).installed.has_value());
  EXPECT_EQ(side(NodeId(2)).installed->base, LogIndex(5));
  EXPECT_EQ(side(NodeId(2)).installed->last, LogIndex(5));
  EXPECT_FALSE(side(NodeId(2)).driver->installing());
}

TEST_F(SnapshotDriverTest, KeepsWhatALogThatAgreesHasBehindIt) {
  break_at_ = 3;
  Begin();
  ASSERT_TRUE(loop_.RunUntil([this] { return !up_; }));
  cores_speak_ = false;
  Append(NodeId(2), 8);
  break_at_ = ~std::size_t{0};
  up_ = true;
  side(kLeader).driver->LinkUp(NodeId(2));
  ASSERT_TRUE(RunUntilInstalled(NodeId(2)));
  ASSERT_TRUE(side(NodeId(2)).installed.has_value());
  EXPECT_EQ(side(NodeId(2)).installed->base, LogIndex(5));
  EXPECT_EQ(side(NodeId(2)).installed->last, LogIndex(8));
  EXPECT_EQ(side(NodeId(2)).core->log().last(), LogIndex(8));
}

TEST_F(SnapshotDriverTest, WaitsForSpaceAndInstalls) {
  side(NodeId(2)).machine.finds_no_space = 2;
  Begin();
  ASSERT_TRUE(RunUntilInstalled(NodeId(2)));
  EXPECT_EQ(side(NodeId(2)).machine.finds_no_space, 0);
  EXPECT_EQ(side(NodeId(2)).installed->base, LogIndex(5));
}

TEST_F(SnapshotDriverTest, TellsOfAMachineThatCannotInstall) {
  side(NodeId(2)).machine.fails = true;
  Begin();
  ASSERT_TRUE(loop_.RunUntil([this] { return side(NodeId(2)).failed.has_value(); }));
  loop_.RunFor(20 * kMillisecond);
  EXPECT_FALSE(side(NodeId(2)).installed.has_value());
  EXPECT_EQ(side(NodeId(2)).log->base(), LogIndex(0));
  EXPECT_EQ(side(NodeId(2)).core->applied(), LogIndex(0));
}

TEST_F(SnapshotDriverTest, GoesOnWhereABrokenConnectionLeftIt) {
  break_at_ = 10;
  Begin();
  ASSERT_TRUE(loop_.RunUntil([this] { return !up_; }));
  loop_.RunFor(20 * kMillisecond);
  EXPECT_FALSE(side(NodeId(2)).installed.has_value());
  break_at_ = ~std::size_t{0};
  up_ = true;
  side(kLeader).driver->LinkUp(NodeId(2));
  ASSERT_TRUE(RunUntilInstalled(NodeId(2)));
  std::vector<std::uint64_t> once;
  for (std::uint64_t place = 0; place < kFileSize; place += kChunk) once.push_back(place);
  EXPECT_EQ(chunks_[NodeId(2)], once);
}

TEST_F(SnapshotDriverTest, ServesTwoAtOnce) {
  Begin();
  ASSERT_TRUE(RunUntilInstalled(NodeId(2)));
  ASSERT_TRUE(RunUntilInstalled(NodeId(3)));
  EXPECT_EQ(chunks_[NodeId(2)].size(), chunks_[NodeId(3)].size());
}

}  // namespace
}  // namespace beach::raft
