// SPDX-License-Identifier: Apache-2.0
#include "server/service/change_ring.h"

#include <gtest/gtest.h>

#include <string>

#include "server/machine/testing/machine_fixture.h"
#include "wire/testing/fake_loop.h"

namespace beach::server {
namespace {

using testing::Done;
using testing::PutOf;

std::string Text(const KeyChange& change) {
  const std::string key(change.key);
  const std::string value(change.value);
  switch (change.kind) {
    case KeyChangeKind::kDelete: return "-" + key;
    case KeyChangeKind::kPut: return key + "=" + value;
    case KeyChangeKind::kDeleteRange:
      return "-[" + key + "," + std::string(change.end.value_or("")) + ")";
    case KeyChangeKind::kMerge: return key + "+" + value;
    case KeyChangeKind::kPutUntil:
      return key + "=" + value + "@" + std::to_string(change.expires_at_ms);
  }
  return "?";
}
std::string Text(const std::optional<ChangePage>& page) {
  if (!page) return "compacted";
  std::string text;
  for (const ChangedEntry& entry : page->entries) {
    text += std::to_string(entry.index) + ":";
    for (const KeyChange& change : entry.changes) text += " " + Text(change);
    text += "; ";
  }
  text += "next " + std::to_string(page->next.index);
  if (page->next.skip > 0) text += "+" + std::to_string(page->next.skip);
  if (!page->at_end) text += " of more";
  return text;
}

class ChangeRingTest : public testing::MachineTest {
 protected:
  void SetUp() override {
    testing::MachineTest::SetUp();
    machine().SetListener(&ring_);
  }
  std::string Behind(std::uint64_t index, ByteView begin = "",
                     std::optional<ByteView> end = std::nullopt, std::uint32_t skip = 0) {
    return Text(ring_.Read({.index = index, .skip = skip}, {.begin = begin, .end = end}));
  }
  void Put(ByteView key, ByteView value = "v") { Apply(Done({PutOf(key, value)})); }

  wire::testing::FakeClock fake_clock_;
  wire::testing::FakeLoop loop_{fake_clock_};
  ChangeRing ring_{loop_, 4096};
};

// Sessions, conditions that do not hold, and retries change no key of a user's.
TEST_F(ChangeRingTest, TellsWhatEntriesDidAndNotWhatTheyAskedFor) {
  const SessionId session = OpenSession();        // 1
  Apply(Done({PutOf("a", "1")}, session, 1));     // 2
  Apply(Done({PutOf("a", "1")}, session, 1));     // 3: a retry
  Command conditional = Done({PutOf("a", "2")});  // 4: does not hold
  conditional.conditions.push_back({.kind = ConditionKind::kAbsent, .key = "a"});
  conditional.otherwise = {testing::GetOf("a"), PutOf("seen", "")};
  Apply(conditional);
  ApplyEntry(raft::EntryKind::kNoOp, "");  // 5
  Apply(
      Done({{.kind = OperationKind::kDelete, .key = "a"},  // 6
            {.kind = OperationKind::kDeleteRange, .key = "b", .value = "d"},
            {.kind = OperationKind::kDeleteRange, .key = "b", .value = "b"},
            {.kind = OperationKind::kMerge, .key = "m", .value = "x", .merge = MergeKind::kAppend},
            {.kind = OperationKind::kPutUntil, .key = "p", .value = "y", .expires_at_ms = 9000},
            PutOf(ByteView("\xff", 1), "z")}));
  CloseSession(session);  // 7
  EXPECT_EQ(Behind(0), "2: a=1; 4: seen=; 6: -a -[b,d) m+x p=y@9000 \xFF=z; next 7");
  EXPECT_EQ(Behind(4), "6: -a -[b,d) m+x p=y@9000 \xFF=z; next 7");
  EXPECT_EQ(Behind(6), "next 7");
  EXPECT_EQ(Behind(9), "next 9");  // of another node, which was ahead
}

TEST_F(ChangeRingTest, TellsOfARangeWhatIsInIt) {
  Put("a");
  Put("b");
  Apply(Done({PutOf("b1", "x"),
              PutOf("c", "y"),
              {.kind = OperationKind::kDeleteRange, .key = "a", .value = "z"},
              {.kind = OperationKind::kDeleteRange, .key = "c", .value = "d"}}));
  EXPECT_EQ(Behind(0, "b", "c"), "2: b=v; 3: b1=x -[b,c); next 3");
  EXPECT_EQ(Behind(0, "y"), "3: -[y,z); next 3");
  EXPECT_EQ(Behind(0, "c", "c"), "next 3");
}

// What is within an entry is a place of its own, the same on every node.
TEST_F(ChangeRingTest, GoesOnWithinAnEntry) {
  std::vector<Operation> operations;
  std::vector<Bytes> keys;
  for (int i = 0; i < 5000; ++i) keys.push_back(std::to_string(100'000 + i));
  for (const Bytes& key : keys) operations.push_back(PutOf(key, ""));
  ChangeRing large(loop_, 1 << 20);
  machine().SetListener(&large);
  Put("first");
  Apply(Done(operations));
  const auto page = large.Read({.index = 0, .skip = 0}, {});
  ASSERT_TRUE(page);
  ASSERT_EQ(page->entries.size(), 2U);
  EXPECT_EQ(page->entries[1].changes.size(), kWatchChangesMax - 1);
  EXPECT_EQ(page->next, (WatchPlace{.index = 1, .skip = 4095}));
  const auto rest = large.Read(page->next, {});
  ASSERT_TRUE(rest);
  ASSERT_EQ(rest->entries.size(), 1U);
  EXPECT_EQ(rest->entries[0].index, 2U);
  EXPECT_EQ(rest->entries[0].changes.size(), 905U);
  EXPECT_EQ(rest->entries[0].changes[0].key, "104095");
  EXPECT_EQ(rest->next, (WatchPlace{.index = 2, .skip = 0}));
  EXPECT_TRUE(rest->at_end);
  machine().SetListener(nullptr);
}

TEST_F(ChangeRingTest, APageHasSoManyBytesAndOneChangeAlways) {
  const Bytes half(600'000, 'x');
  const Bytes huge(2'000'000, 'y');
  Apply(Done({PutOf("a", half), PutOf("b", half), PutOf("c", huge)}));
  const auto first = ring_.Read({.index = 0, .skip = 0}, {});
  EXPECT_EQ(first->entries[0].changes.size(), 1U);
  const auto second = ring_.Read(first->next, {});
  EXPECT_EQ(second->entries[0].changes.size(), 1U);
  EXPECT_EQ(second->next.skip, 2U);
  const auto third = ring_.Read(second->next, {});
  EXPECT_EQ(third->entries[0].changes[0].value, huge);
  EXPECT_EQ(third->next.index, 1U);
}

TEST_F(ChangeRingTest, TheOldestGoAndWhoWantsThemIsTold) {
  const Bytes value(1000, 'v');
  for (int i = 0; i < 10; ++i) Put("k", value);
  EXPECT_LE(ring_.bytes(), 4096U);
  EXPECT_EQ(Behind(0), "compacted");
  EXPECT_EQ(Behind(6), "compacted");
  EXPECT_NE(Behind(7), "compacted");
  Put("k", Bytes(10'000, 'w'));  // one is kept whatever its size
  EXPECT_EQ(Behind(9), "compacted");
  EXPECT_NE(Behind(10), "compacted");
  const auto page = ring_.Read({.index = 10, .skip = 0}, {});
  Put("k", Bytes(10'000, 'x'));
  EXPECT_EQ(page->entries[0].changes[0].value, Bytes(10'000, 'w'));  // still there
}

// After a crash what is applied anew is told anew.
TEST_F(ChangeRingTest, BeginsWhereItsMachineDoes) {
  Put("a");
  Flush();
  Put("b");
  machine().SetListener(nullptr);
  node_.Open();
  machine().SetListener(&ring_);
  EXPECT_EQ(Behind(0), "compacted");
  EXPECT_EQ(Behind(1), "next 1");
  std::vector<Bytes> answers;
  ASSERT_TRUE(machine().Apply(std::span(log_).subspan(1), true, answers));
  EXPECT_EQ(Behind(1), "2: b=v; next 2");
  ASSERT_TRUE(machine().Reload());  // as a snapshot that is installed does
  EXPECT_EQ(Behind(0), "compacted");
}

TEST_F(ChangeRingTest, WakesThoseWhoWaitOnceAndFromTheLoop) {
  int woken = 0;
  ring_.SetWake([&] { ++woken; });
  Put("a");
  loop_.Settle();
  EXPECT_EQ(woken, 0);  // nobody waits
  ring_.Await(1);
  ring_.Await(1);
  Put("b");
  Put("c");
  EXPECT_EQ(woken, 0);
  loop_.Settle();
  EXPECT_EQ(woken, 1);
  ring_.Await(1);  // it is there already
  loop_.Settle();
  EXPECT_EQ(woken, 2);
  ring_.Await(3);
  ASSERT_TRUE(machine().Reload());  // all is replaced
  ring_.SetWake(nullptr);
  loop_.Settle();
  EXPECT_EQ(woken, 2);
}

}  // namespace
}  // namespace beach::server
