// SPDX-License-Identifier: Apache-2.0
#include "server/machine/snapshot.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "server/command/testing/page_example.h"
#include "server/machine/testing/machine_fixture.h"

namespace beach::server {
namespace {

using namespace testing;  // NOLINT: the words of a machine's tests

SnapshotDescription Example() {
  engine::PinnedFile file;
  file.written_by = {.high = 1, .low = 2};
  file.number = engine::FileNumber(5);
  file.size_bytes = 1024;
  file.level = 6;
  file.sequence_min = engine::SequenceNumber(3);
  file.sequence_max = engine::SequenceNumber(300);
  file.smallest = "a";
  file.largest = "z";
  return {.mark = {.index = 9, .state = ""},
          .last_sequence = engine::SequenceNumber(300),
          .time = 7,
          .files = {file}};
}

TEST(SnapshotDescription, IsWhatItsPageSays) {
  const Bytes bytes = EncodeSnapshotDescription(Example());
  EXPECT_EQ(Printable(bytes, 1000),
            Printable(server::testing::PageExample(0, "snapshot_description.md"), 1000));
  const auto read = DecodeSnapshotDescription(bytes);
  ASSERT_TRUE(read.has_value());
  EXPECT_EQ(EncodeSnapshotDescription(*read), bytes);
  EXPECT_EQ(read->files[0].number, engine::FileNumber(5));
  EXPECT_EQ(read->files[0].level, 6U);
  EXPECT_EQ(read->files[0].largest, "z");
}

TEST(SnapshotDescription, WhatIsCutShortOrTooLongIsNone) {
  const Bytes bytes = EncodeSnapshotDescription(Example());
  for (std::size_t length = 0; length < bytes.size(); ++length) {
    const auto read = DecodeSnapshotDescription(ByteView(bytes).substr(0, length));
    ASSERT_FALSE(read.has_value()) << length;
    EXPECT_EQ(read.error().code(), ErrorCode::kCorruption);
  }
  EXPECT_FALSE(DecodeSnapshotDescription(bytes + "x"));
  Bytes version = bytes;
  version[0] = 2;
  EXPECT_FALSE(DecodeSnapshotDescription(version));
  SnapshotDescription of_nothing = Example();
  of_nothing.mark.index = 0;
  EXPECT_FALSE(DecodeSnapshotDescription(EncodeSnapshotDescription(of_nothing)));
  Bytes many = EncodeSnapshotDescription(
      {.mark = {.index = 9, .state = {}}, .last_sequence = {}, .time = 0, .files = {}});
  many.pop_back();
  many += std::string(9, '\xff') + '\x01';  // as many files as can be said
  EXPECT_FALSE(DecodeSnapshotDescription(many));
}

// One machine has the log, another gets what the first has become.
class SnapshotTest : public MachineTest {
 protected:
  void SetUp() override {
    MachineTest::SetUp();
    other_.Open();
    session_ = OpenSession();
    for (int i = 0; i < 60; ++i) {
      Apply(Done({PutOf("key" + std::to_string(i), std::string(300, 'v')), AddOf("sum")}, session_,
                 static_cast<std::uint64_t>(i + 1)));
      if (i == 30) Flush();
    }
  }
  std::unique_ptr<raft::PinnedSnapshot> Pin() {
    auto pinned = machine().Pin();
    EXPECT_TRUE(pinned) << pinned.error().ToString();
    return *std::move(pinned);
  }
  // As they would arrive.
  std::vector<std::string> Copy(const raft::PinnedSnapshot& pinned) {
    static_cast<void>(files_.CreateDirectory("in"));
    std::vector<std::string> paths;
    for (const raft::SnapshotFile& file : pinned.files()) {
      paths.push_back("in/" + std::to_string(paths.size()));
      files_.SetContent(paths.back(), files_.Content(file.path));
      EXPECT_EQ(files_.Content(file.path).size(), file.size_bytes);
    }
    return paths;
  }

  SessionId session_;
  Node other_{Environment(), "other"};
};

TEST_F(SnapshotTest, WhoInstallsItIsWhatTheOtherWasAndGoesOnAlike) {
  const auto pinned = Pin();
  EXPECT_EQ(pinned->meta().index.value, log_.size());
  EXPECT_EQ(pinned->meta().term, raft::Term(1));
  const auto before = node_.Live();
  Apply(Done({PutOf("later", "x")}));  // not in it
  const Status installed =
      other_.machine().Install(pinned->meta(), pinned->description(), Copy(*pinned));
  ASSERT_TRUE(installed) << installed.error().ToString();
  EXPECT_EQ(other_.machine().durable().index, pinned->meta().index);
  EXPECT_EQ(other_.Live(), before);
  // The rest of the log, with a request of a session that only the snapshot can know.
  Command again = Done({AddOf("sum")}, session_, 60);
  Apply(again);
  std::vector<Bytes> answers;
  const auto applied =
      other_.machine().Apply(std::span(log_).subspan(pinned->meta().index.value), true, answers);
  ASSERT_TRUE(applied) << applied.error().ToString();
  EXPECT_EQ(other_.Live(), node_.Live());
  EXPECT_EQ(other_.machine().digest().digest, machine().digest().digest);
  EXPECT_EQ(*other_.machine().ContentDigest(), *machine().ContentDigest());
  // And so after a crash.
  other_.Open();
  EXPECT_EQ(other_.machine().durable().index, pinned->meta().index);
}

// Tables behind the log's base are no state that anybody was ever shown.
TEST_F(SnapshotTest, WhoAwaitsOneShowsNothingBefore) {
  const auto pinned = Pin();
  other_.machine().AwaitSnapshot();
  EXPECT_EQ(other_.machine().Get("key1").error().code(), ErrorCode::kCompactedAway);
  EXPECT_EQ(other_.machine().TryGet("key1").error().code(), ErrorCode::kCompactedAway);
  EXPECT_EQ(other_.machine().Scan("", std::nullopt, {}).error().code(), ErrorCode::kCompactedAway);
  EXPECT_FALSE(other_.machine().Install(pinned->meta(), pinned->description(), {}));
  EXPECT_FALSE(other_.machine().Get("key1"));
  ASSERT_TRUE(other_.machine().Install(pinned->meta(), pinned->description(), Copy(*pinned)));
  EXPECT_EQ(*other_.machine().Get("key1"), Bytes(300, 'v'));
  EXPECT_EQ(other_.Live(), node_.Live());
}

TEST_F(SnapshotTest, OneThatWasInstalledIsPinnedAndInstalledAgain) {
  auto pinned = Pin();
  ASSERT_TRUE(other_.machine().Install(pinned->meta(), pinned->description(), Copy(*pinned)));
  auto second = other_.machine().Pin();
  ASSERT_TRUE(second) << second.error().ToString();
  Node third{Environment(), "third"};
  third.Open();
  const Status installed =
      third.machine().Install((*second)->meta(), (*second)->description(), Copy(**second));
  ASSERT_TRUE(installed) << installed.error().ToString();
  EXPECT_EQ(third.Live(), node_.Live());
  second->reset();
  pinned.reset();
}

TEST_F(SnapshotTest, WhatIsDamagedIsFoundBeforeItIsSentAndBeforeItIsInstalled) {
  const auto pinned = Pin();
  const std::vector<std::string> paths = Copy(*pinned);
  for (std::size_t i = 0; i < paths.size(); ++i) {
    EXPECT_TRUE(pinned->Check(i));
  }
  EXPECT_TRUE(other_.machine().Check(pinned->description(), paths));
  for (const std::string& path : {paths.back(), pinned->files().back().path}) {
    Bytes content = files_.Content(path);
    content[content.size() / 3] ^= 1;
    files_.SetContent(path, content);
  }
  const Status arrived = other_.machine().Check(pinned->description(), paths);
  ASSERT_FALSE(arrived);
  EXPECT_EQ(arrived.error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(arrived.error().path(), paths.back());
  EXPECT_TRUE(other_.machine().Health());
  EXPECT_TRUE(machine().Health());
  EXPECT_EQ(pinned->Check(paths.size() - 1).error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(machine().Health().error().code(), ErrorCode::kCorruption);
  EXPECT_EQ(other_.machine().Check(pinned->description(), {}).error().code(),
            ErrorCode::kCorruption);
  EXPECT_EQ(other_.machine().Check("none", paths).error().code(), ErrorCode::kCorruption);
}

TEST_F(SnapshotTest, WhatDoesNotBelongTogetherIsRefused) {
  const auto pinned = Pin();
  const std::vector<std::string> paths = Copy(*pinned);
  const auto install = [&](const raft::SnapshotMeta& meta, ByteView description,
                           const std::vector<std::string>& files) {
    const Status status = other_.machine().Install(meta, description, files);
    return status ? ErrorCode::kClosed : status.error().code();
  };
  raft::SnapshotMeta meta = pinned->meta();
  meta.index = meta.index.Next();
  EXPECT_EQ(install(meta, pinned->description(), paths), ErrorCode::kCorruption);
  meta = pinned->meta();
  meta.term = meta.term.Next();
  EXPECT_EQ(install(meta, pinned->description(), paths), ErrorCode::kCorruption);
  std::vector<std::string> fewer = paths;
  fewer.pop_back();
  EXPECT_EQ(install(pinned->meta(), pinned->description(), fewer), ErrorCode::kCorruption);
  EXPECT_EQ(install(pinned->meta(), pinned->description() + "x", paths), ErrorCode::kCorruption);
  Bytes damaged = files_.Content(paths[0]);
  damaged.resize(damaged.size() - 1);
  files_.SetContent(paths[0], damaged);
  EXPECT_EQ(install(pinned->meta(), pinned->description(), paths), ErrorCode::kCorruption);
  EXPECT_EQ(other_.machine().durable().index, raft::LogIndex{});
  EXPECT_TRUE(other_.Live().empty());
}

TEST_F(SnapshotTest, BeforeTheFirstEntryThereIsNone) {
  EXPECT_EQ(other_.machine().Pin().error().code(), ErrorCode::kNotFound);
}

}  // namespace
}  // namespace beach::server
