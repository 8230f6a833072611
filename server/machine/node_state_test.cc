// SPDX-License-Identifier: Apache-2.0
#include "server/machine/node_state.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "server/machine/state_directory.h"
#include "server/machine/testing/machine_fixture.h"

namespace beach::server {
namespace {

using namespace testing;  // NOLINT: the words of a machine's tests
using engine::FileCall;
using engine::FileEvent;

// The machine of the fixture is the peer: it has the log, and its tables are sound. Ours, in
// "mine", has applied the same.
class NodeStateTest : public MachineTest {
 protected:
  void SetUp() override {
    MachineTest::SetUp();
    session_ = OpenSession();
    for (int i = 0; i < 40; ++i) {
      Apply(Done({PutOf("key" + std::to_string(10 + i), std::string(300, 'v')), AddOf("sum")},
                 session_, static_cast<std::uint64_t>(i + 1)));
    }
    const auto state = OpenState();
    ASSERT_TRUE(state);
    EXPECT_FALSE((*state)->lost());
    ApplyLog(**state);
    ASSERT_TRUE((*state)->db().Flush());
  }

  Result<std::unique_ptr<NodeState>> OpenState(bool is_ours = true) {
    engine::Options options = engine::SmallOptions();
    options.memtable_size = 8 * engine::kKiB;
    return NodeState::Open(Environment(), "mine", options,
                           {.sessions = kSmallLimits, .bootstrap = Node::bootstrap()}, is_ours);
  }
  // What the log has behind what is durable.
  void ApplyLog(NodeState& state) {
    std::vector<Bytes> answers;
    const auto applied = state.machine().Apply(
        std::span(log_).subspan(state.machine().durable().index.value), true, answers);
    ASSERT_TRUE(applied) << applied.error().ToString();
  }
  void InstallFromPeer(NodeState& state) {
    const auto pinned = machine().Pin();
    ASSERT_TRUE(pinned);
    static_cast<void>(files_.CreateDirectory("in"));
    std::vector<std::string> paths;
    for (const raft::SnapshotFile& file : (*pinned)->files()) {
      paths.push_back("in/" + std::to_string(paths.size()));
      files_.SetContent(paths.back(), files_.Content(file.path));
    }
    const Status installed =
        state.machine().Install((*pinned)->meta(), (*pinned)->description(), paths);
    ASSERT_TRUE(installed) << installed.error().ToString();
  }
  void ExpectWhatThePeerHas(NodeState& state) {
    EXPECT_EQ(state.machine().digest().digest, machine().digest().digest);
    EXPECT_EQ(*state.machine().ContentDigest(), *machine().ContentDigest());
  }

  std::string FirstTable() {
    const std::vector<std::string> names = files_.List("mine").value();
    for (const std::string& name : names) {
      if (name.ends_with(".sst")) return "mine/" + name;
    }
    return "";
  }
  void Flip(const std::string& path, std::size_t offset) {
    Bytes content = files_.Content(path);
    content.at(offset) ^= 0x10;
    files_.SetContent(path, content);
  }
  // In the index of a table: an open meets it.
  void DamageFrame() { Flip(FirstTable(), files_.Content(FirstTable()).size() - 120); }
  // In a data block of users' keys: only who reads it does.
  void DamageBlock() { Flip(FirstTable(), files_.Content(FirstTable()).rfind("vvvv")); }
  bool Marked() { return files_.Exists(DamageMarkOf("mine")).value(); }
  bool WasSetAside() { return files_.Exists(SetAsideNameOf("mine")).value(); }
  // Reads until damage is met: what was read before is right.
  Error MeetDamage(NodeState& state) {
    for (int i = 10; i < 50; ++i) {
      const auto value = state.machine().Get("key" + std::to_string(i));
      if (!value) return value.error();
      EXPECT_EQ(*value, Bytes(300, 'v'));
    }
    ADD_FAILURE() << "no damage was met";
    return {ErrorCode::kNotFound, ""};
  }

  SessionId session_;
};

TEST_F(NodeStateTest, SoundTablesAreServedAsTheyAre) {
  const auto state = OpenState();
  ASSERT_TRUE(state);
  EXPECT_FALSE((*state)->lost());
  EXPECT_EQ((*state)->machine().durable().index.value, log_.size());
  ExpectWhatThePeerHas(**state);
  EXPECT_FALSE(Marked());
  EXPECT_FALSE(WasSetAside());
}

TEST_F(NodeStateTest, DamagedTablesAreLostUntilASnapshotIsInstalled) {
  DamageFrame();
  const auto damaged = files_.Snapshot("mine");
  for (int life = 0; life < 3; ++life) {
    const auto state = OpenState();
    ASSERT_TRUE(state) << state.error().ToString();
    ASSERT_TRUE((*state)->lost()) << life;
    EXPECT_NE((*state)->lost()->message().find(".sst"), std::string::npos);
    EXPECT_EQ((*state)->machine().durable().index, raft::LogIndex());
    EXPECT_TRUE(files_.Snapshot(SetAsideNameOf("mine")) == damaged);
    ASSERT_TRUE((*state)->Refilled());  // nothing has come yet
    EXPECT_TRUE(Marked());
  }
  {
    const auto state = OpenState();
    ASSERT_TRUE(state);
    InstallFromPeer(**state);
    ExpectWhatThePeerHas(**state);
  }
  EXPECT_TRUE(Marked());  // a crash came before Refilled
  const auto state = OpenState();
  ASSERT_TRUE(state);
  EXPECT_FALSE((*state)->lost());
  EXPECT_FALSE(Marked());
  ExpectWhatThePeerHas(**state);
}

TEST_F(NodeStateTest, OfALogThatIsWholeNothingIsLost) {
  DamageFrame();
  const auto state = OpenState();
  ASSERT_TRUE(state);
  ASSERT_TRUE((*state)->lost());
  ApplyLog(**state);
  ASSERT_TRUE((*state)->db().Flush());
  ASSERT_TRUE((*state)->Refilled());
  EXPECT_FALSE(Marked());
  ExpectWhatThePeerHas(**state);
}

TEST_F(NodeStateTest, DamageThatAReadHasMetIsFoundByTheNextLife) {
  DamageBlock();
  {
    const auto state = OpenState();
    ASSERT_TRUE(state) << state.error().ToString();
    const Error met = MeetDamage(**state);
    EXPECT_EQ(met.code(), ErrorCode::kCorruption);
    EXPECT_EQ((*state)->machine().Health().error().code(), ErrorCode::kCorruption);
    ASSERT_TRUE((*state)->SteppedAside(Error(ErrorCode::kIo, "the log has failed").At("log/1")));
    EXPECT_TRUE(Marked());
  }
  const auto state = OpenState();
  ASSERT_TRUE(state);
  EXPECT_TRUE((*state)->lost());
  EXPECT_TRUE(WasSetAside());
  InstallFromPeer(**state);
  ExpectWhatThePeerHas(**state);
  ASSERT_TRUE((*state)->Refilled());
  EXPECT_FALSE(Marked());
}

// Conditions and answers are read while an entry is planned.
TEST_F(NodeStateTest, DamageThatAnEntryHasMetIsFoundByTheNextLife) {
  DamageBlock();
  {
    const auto state = OpenState();
    ASSERT_TRUE(state);
    std::optional<Error> met;
    for (int i = 10; i < 50 && !met; ++i) {
      Apply(Done({GetOf("key" + std::to_string(i))}));
      std::vector<Bytes> answers;
      const auto applied = (*state)->machine().Apply(std::span(&log_.back(), 1), true, answers);
      if (!applied) met = applied.error();
    }
    ASSERT_TRUE(met);
    EXPECT_EQ(met->code(), ErrorCode::kCorruption);
    ASSERT_TRUE((*state)->SteppedAside(*met));
  }
  const auto state = OpenState();
  ASSERT_TRUE(state);
  EXPECT_TRUE((*state)->lost());
}

TEST_F(NodeStateTest, WhatWasMetOnceAndIsNotThereSetsNothingAside) {
  ASSERT_TRUE(MarkDamaged(files_, "mine", Error(ErrorCode::kCorruption, "bad block checksum")));
  const auto state = OpenState();
  ASSERT_TRUE(state);
  EXPECT_FALSE((*state)->lost());
  EXPECT_FALSE(Marked());
  EXPECT_FALSE(WasSetAside());
  ExpectWhatThePeerHas(**state);
}

TEST_F(NodeStateTest, WhatIsNoDamageIsAnErrorAndStays) {
  const auto before = files_.Snapshot("mine");
  for (const ErrorCode code : {ErrorCode::kIo, ErrorCode::kNoSpace, ErrorCode::kRefused}) {
    SetHook(FileCall::kRead, ".sst", code);
    const auto state = OpenState();
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code(), code);
    EXPECT_FALSE(Marked());
    EXPECT_FALSE(WasSetAside());
  }
  files_.set_hook(nullptr);
  EXPECT_TRUE(files_.Snapshot("mine") == before);
  const auto state = OpenState();
  ASSERT_TRUE(state);
  EXPECT_TRUE((*state)->SteppedAside(Error(ErrorCode::kNoSpace, "full").At("mine/000001.sst")));
  EXPECT_TRUE((*state)->SteppedAside(Error(ErrorCode::kCorruption, "a record").At("log/1")));
  EXPECT_FALSE(Marked());
}

// Files that begin with other bytes than ours are somebody's, but where our node has been before.
TEST_F(NodeStateTest, WhatDoesNotBeginAsOursIsDamageOfAKnownNodeAlone) {
  Flip("mine/IDENTITY", 0);
  const auto before = files_.Snapshot("mine");
  const auto foreign = OpenState(/*is_ours=*/false);
  ASSERT_FALSE(foreign);
  EXPECT_EQ(foreign.error().code(), ErrorCode::kRefused);
  EXPECT_TRUE(files_.Snapshot("mine") == before);
  EXPECT_FALSE(Marked());
  EXPECT_FALSE(OpenState()) << "it is looked at in two lives";
  EXPECT_TRUE(Marked());
  const auto state = OpenState();
  ASSERT_TRUE(state) << state.error().ToString();
  EXPECT_TRUE((*state)->lost());
  EXPECT_TRUE(WasSetAside());
}

// What no look at the tables shows, and opens meet in two lives.
TEST_F(NodeStateTest, WhatIsInTheWayInTwoLivesIsSetAside) {
  files_.set_hook([this](const FileEvent& event) -> Status {
    const bool strikes =
        event.call == FileCall::kRead && event.path == "mine/IDENTITY" && !WasSetAside();
    return strikes ? Fail(ErrnoError(EIO, "read", event.path, event.offset)) : Status();
  });
  ASSERT_FALSE(OpenState());
  EXPECT_TRUE(Marked());
  const auto state = OpenState();
  ASSERT_TRUE(state) << state.error().ToString();
  EXPECT_TRUE((*state)->lost());
}

// A sector that cannot be read may be readable later, and what was read wrongly once may be read
// right: where it is not, a second look in the second life agrees with the first.
TEST_F(NodeStateTest, WhatCannotBeReadInTwoLivesIsSetAside) {
  const auto refuse = [&](int times) {
    const std::string table = FirstTable();
    const std::uint64_t end = files_.Content(table).size();
    auto left = std::make_shared<int>(times);
    files_.set_hook([=](const FileEvent& event) -> Status {
      const bool strikes = event.call == FileCall::kRead && event.path == table &&
                           event.offset + event.length + 150 > end && (*left)-- > 0;
      return strikes ? Fail(ErrnoError(EIO, "read", event.path, event.offset)) : Status();
    });
  };
  for (const int again : {0, 1, 1000}) {
    const bool stays = again > 1;
    refuse(1);
    const auto first = OpenState();
    ASSERT_FALSE(first);
    EXPECT_EQ(first.error().code(), ErrorCode::kIo);
    EXPECT_TRUE(Marked());
    EXPECT_FALSE(WasSetAside());
    refuse(again);
    const auto second = OpenState();
    ASSERT_TRUE(second) << second.error().ToString();
    EXPECT_EQ((*second)->lost().has_value(), stays) << again;
    EXPECT_EQ(WasSetAside(), stays);
    EXPECT_EQ(Marked(), stays);
  }
}

// A device that is gone for a while gives nothing, in two lives and at every look: nothing is lost.
TEST_F(NodeStateTest, AnOutageOfTheDeviceSetsNothingAside) {
  for (int life = 0; life < 3; ++life) {
    files_.set_hook([](const FileEvent& event) -> Status {
      const bool strikes = event.call == FileCall::kRead;
      return strikes ? Fail(ErrnoError(EIO, "read", event.path, event.offset)) : Status();
    });
    const auto state = OpenState();
    ASSERT_FALSE(state);
    EXPECT_EQ(state.error().code(), ErrorCode::kIo);
    EXPECT_EQ(state.error().os_error(), EIO);
    EXPECT_FALSE(WasSetAside());
  }
  files_.set_hook(nullptr);
  const auto state = OpenState();
  ASSERT_TRUE(state) << state.error().ToString();
  EXPECT_FALSE((*state)->lost().has_value());
  EXPECT_FALSE(Marked());
}

// Of small tables a few bad sectors may be all there is: the log beside them tells.
TEST_F(NodeStateTest, TablesOfWhichNothingCanBeReadAreDamagedWhereTheLogCanBeRead) {
  ASSERT_TRUE(files_.CreateDirectory("node"));
  ASSERT_TRUE(files_.CreateDirectory("node/db"));
  for (const auto& [name, bytes] : files_.Snapshot("mine")) {
    files_.SetContent("node/db/" + name, bytes);
  }
  files_.set_hook([](const FileEvent& event) -> Status {
    const bool strikes = event.call == FileCall::kRead && event.path.starts_with("node/db/");
    return strikes ? Fail(ErrnoError(EIO, "read", event.path, event.offset)) : Status();
  });
  const auto alone = FindDamage(files_, "node/db", /*is_ours=*/true);
  ASSERT_FALSE(alone);
  EXPECT_EQ(alone.error().code(), ErrorCode::kIo);
  ASSERT_TRUE(files_.CreateDirectory("node/log"));
  for (const char* const name : {"000001.wal", "000002.wal", "000003.wal", "REGISTER"}) {
    files_.SetContent(std::string("node/log/") + name, Bytes(1 << 20, 'l'));
  }
  const auto beside = FindDamage(files_, "node/db", /*is_ours=*/true);
  ASSERT_TRUE(beside);
  EXPECT_TRUE(beside->has_value());
}

// From the call of each number on every one fails, as in a process that is killed there. The next
// life finds what was damaged set aside, whole, and the state lost.
TEST_F(NodeStateTest, ACrashAtAnyStepLeavesItKnownToBeLost) {
  DamageFrame();
  const auto damaged = files_.Snapshot("mine");
  const std::map<std::string, Bytes> older = {{"CURRENT", "old"}, {"000001.sst", "old"}};
  const std::string aside = SetAsideNameOf("mine");
  const auto put = [&](const std::string& directory, const std::map<std::string, Bytes>& content) {
    static_cast<void>(files_.CreateDirectory(directory));
    const std::vector<std::string> names = files_.List(directory).value();
    for (const std::string& name : names) ASSERT_TRUE(files_.Remove(directory + "/" + name));
    for (const auto& [name, bytes] : content) files_.SetContent(directory + "/" + name, bytes);
  };
  int steps = 0;
  for (bool died = true; died; ++steps) {
    static_cast<void>(files_.Remove(DamageMarkOf("mine")));
    put("mine", damaged);
    put(aside, older);
    died = false;
    int calls = 0;
    files_.set_hook([&](const FileEvent& event) -> Status {
      const bool reads = event.call == FileCall::kRead || event.call == FileCall::kList ||
                         event.call == FileCall::kSize;
      if (!died && (reads || calls++ < steps)) return {};
      died = true;
      return Fail(Error(ErrorCode::kIo, "the process is dead").At(event.path));
    });
    static_cast<void>(OpenState());
    files_.set_hook(nullptr);
    for (int life = 0; life < 2; ++life) {
      const auto state = OpenState();
      ASSERT_TRUE(state) << steps << ": " << state.error().ToString();
      ASSERT_TRUE((*state)->lost()) << steps;
      EXPECT_EQ((*state)->machine().durable().index, raft::LogIndex());
      EXPECT_TRUE(files_.Snapshot(aside) == damaged) << steps;
    }
  }
  EXPECT_GT(steps, 30);
}

TEST_F(NodeStateTest, ASecondDamageIsSetAsideInPlaceOfTheFirst) {
  DamageFrame();
  for (int time = 0; time < 2; ++time) {
    const auto damaged = files_.Snapshot("mine");
    const auto state = OpenState();
    ASSERT_TRUE(state);
    ASSERT_TRUE((*state)->lost());
    EXPECT_TRUE(files_.Snapshot(SetAsideNameOf("mine")) == damaged);
    InstallFromPeer(**state);
    DamageFrame();
  }
}

}  // namespace
}  // namespace beach::server
