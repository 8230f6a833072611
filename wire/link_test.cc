// SPDX-License-Identifier: Apache-2.0
#include "wire/link.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <memory>
#include <string>
#include <vector>

#include "wire/testing/fake_loop.h"
#include "wire/testing/frames.h"

namespace beach::wire {
namespace {

using ::testing::ElementsAre;
using testing::FakeClock;
using testing::FakeEnd;
using testing::FakeLoop;
using testing::FrameOf;
using testing::FramesOf;
using ::testing::HasSubstr;
using testing::HeaderOf;
using ::testing::IsEmpty;
using testing::Said;

constexpr ClusterId kOurs{'o', 'u', 'r', 's'};
constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint16_t kType = 40;
constexpr std::uint64_t kPayloadMax = 1'000;

Bytes Answer(HelloVerdict verdict, std::uint64_t from, std::uint16_t version = kVersionMax) {
  HelloAnswer answer;
  answer.verdict = verdict;
  answer.version = verdict == HelloVerdict::kWelcome ? version : std::uint16_t{0};
  answer.from = NodeNumber(from);
  return FrameOf({.type = kHelloAnswerType, .request = 0, .payload = Encode(answer)});
}

Bytes Pong() { return FrameOf({.type = kPongType, .request = 0, .payload = ""}); }

// Node 1, which dials node 2; the test is node 2.
class LinkTest : public ::testing::Test {
 protected:
  void Dial() {
    Hello hello;
    hello.cluster = kOurs;
    hello.from = NodeNumber(1);
    hello.to = to_;
    Link::Callbacks callbacks;
    callbacks.on_up = [this] { ++ups_; };
    callbacks.on_down = [this](const std::string& why) { downs_.push_back(why); };
    callbacks.on_frame = [this](const Frame& frame) {
      heard_.push_back({.type = frame.head.type,
                        .request = frame.head.request.value,
                        .payload = std::string(frame.payload)});
    };
    link_ = std::make_unique<Link>(
        loop_, clock_, "n2:1", hello, options_,
        [this](std::uint16_t type) -> std::optional<std::uint64_t> {
          asked_.push_back(type);
          if (type == kType) return kPayloadMax;
          return std::nullopt;
        },
        callbacks);
    loop_.Settle();
  }
  void ComeUp() {
    end().Open();
    loop_.Settle();
    end().Take();
    end().Say(Answer(HelloVerdict::kWelcome, 2));
    ASSERT_TRUE(link_->up());
  }
  void DialAndComeUp() {
    Dial();
    ComeUp();
  }
  // Until it has dialled so often.
  void RunUntilDialled(std::size_t count) {
    for (int i = 0; i < 100'000 && loop_.ends().size() < count; ++i) loop_.Advance(kMillisecond);
    ASSERT_EQ(loop_.ends().size(), count);
  }
  bool Send(Lane lane, std::uint64_t request, std::size_t size) {
    return link_->Send(lane, {.type = kType, .flags = 0, .request = RequestId(request)},
                       std::string(size, 'x'));
  }
  std::vector<std::uint64_t> TakeRequests() {
    std::vector<std::uint64_t> requests;
    for (const Said& said : FramesOf(end().Take())) {
      if (said.type == kType) requests.push_back(said.request);
    }
    return requests;
  }
  FakeEnd& end() { return loop_.last(); }

  FakeClock clock_;
  FakeLoop loop_{clock_};
  LinkOptions options_;
  NodeNumber to_{2};
  std::unique_ptr<Link> link_;
  int ups_ = 0;
  std::vector<std::string> downs_;
  std::vector<Said> heard_;
  std::vector<std::uint16_t> asked_;
};

TEST_F(LinkTest, SaysHelloFirstAndIsUpOnceWelcome) {
  Dial();
  EXPECT_EQ(end().address, "n2:1");
  end().Open();
  loop_.Settle();
  const auto said = FramesOf(end().Take());
  ASSERT_EQ(said.size(), 1U);
  EXPECT_EQ(said[0].type, kHelloType);
  const auto hello = DecodeHello(said[0].payload);
  ASSERT_TRUE(hello.has_value());
  EXPECT_EQ(hello->cluster, kOurs);
  EXPECT_EQ(hello->from, NodeNumber(1));
  EXPECT_EQ(hello->to, NodeNumber(2));
  EXPECT_FALSE(link_->up());
  EXPECT_FALSE(Send(Lane::kUrgent, 1, 0));

  end().Say(Answer(HelloVerdict::kWelcome, 2));
  EXPECT_TRUE(link_->up());
  EXPECT_EQ(ups_, 1);
  EXPECT_EQ(link_->times_up(), 1U);
  EXPECT_TRUE(Send(Lane::kUrgent, 1, 5));
  loop_.Settle();
  EXPECT_THAT(FramesOf(end().Take()), ElementsAre(Said{kType, 1, "xxxxx"}));
  EXPECT_THAT(downs_, IsEmpty());
}

TEST_F(LinkTest, AnAnswerThatIsNoWelcomeBreaksIt) {
  struct Case {
    Bytes says;
    const char* why;
  };
  const Case cases[] = {
      {Answer(HelloVerdict::kOtherCluster, 2), "another cluster"},
      {Answer(HelloVerdict::kOtherNode, 3), "another node"},
      {Answer(HelloVerdict::kNoCommonVersion, 2), "no version"},
      {Answer(HelloVerdict::kWelcome, 3), "that of another node"},
      {Answer(HelloVerdict::kWelcome, 2, kVersionMax + 1), "or version"},
      {FrameOf({.type = kHelloAnswerType, .request = 0, .payload = "x"}), "makes no sense"},
  };
  Dial();
  std::size_t dialled = 1;
  for (const Case& one : cases) {
    RunUntilDialled(dialled++);
    end().Open();
    end().Say(one.says);
    EXPECT_TRUE(end().destroyed) << one.why;
    ASSERT_EQ(downs_.size(), dialled - 1);
    EXPECT_THAT(downs_.back(), HasSubstr(one.why));
  }
  EXPECT_EQ(ups_, 0);
}

TEST_F(LinkTest, WhoDoesNotKnowTheNumberTakesWhoeverAnswers) {
  to_ = NodeNumber(0);
  Dial();
  EXPECT_EQ(link_->peer(), NodeNumber(0));
  ComeUp();
  EXPECT_EQ(link_->peer(), NodeNumber(2));
  end().Break();
  EXPECT_EQ(link_->peer(), NodeNumber(2));
}

TEST_F(LinkTest, BeforeTheWelcomeNothingElseIsKept) {
  Dial();
  std::size_t dialled = 1;
  for (const std::uint16_t type : {std::uint16_t{0}, kHelloType, kPingType, kPongType,
                                   std::uint16_t{15}, std::uint16_t{16}, kType}) {
    RunUntilDialled(dialled++);
    end().Open();
    end().Say(HeaderOf(type, 100));
    EXPECT_TRUE(end().destroyed) << type;
    EXPECT_THAT(downs_.back(), HasSubstr("of type " + std::to_string(type) + " where none may be"));
  }
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(LinkTest, AnAnswerTooLongIsRefusedByItsHeader) {
  Dial();
  end().Open();
  end().Say(HeaderOf(kHelloAnswerType, kOwnPayloadMax + 1));
  ASSERT_EQ(downs_.size(), 1U);
  EXPECT_THAT(downs_[0], HasSubstr("513 bytes"));
}

TEST_F(LinkTest, OfTheConnectionsOwnTypesOnlyAPongMayFollow) {
  for (std::uint16_t type = 0; type < kFirstTypeOfPayloads; ++type) {
    DialAndComeUp();
    end().Say(HeaderOf(type, kOwnPayloadMax));
    EXPECT_EQ(link_->up(), type == kPongType) << type;
  }
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(LinkTest, APongMayGrowAndHasALimit) {
  DialAndComeUp();
  end().Say(
      FrameOf({.type = kPongType, .request = 0, .payload = std::string(kOwnPayloadMax, 'x')}));
  EXPECT_TRUE(link_->up());
  end().Say(HeaderOf(kPongType, kOwnPayloadMax + 1));
  EXPECT_FALSE(link_->up());
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(LinkTest, PayloadsAreAsLongAsTheirOwnerSays) {
  DialAndComeUp();
  const Said longest{kType, 7, std::string(kPayloadMax, 'y')};
  end().Say(FrameOf(longest));
  EXPECT_THAT(heard_, ElementsAre(longest));
  EXPECT_THAT(asked_, ElementsAre(kType));
  end().Say(HeaderOf(kType, kPayloadMax + 1));
  EXPECT_FALSE(link_->up());
  EXPECT_THAT(downs_.back(), HasSubstr("1001 bytes; 1000"));

  RunUntilDialled(2);
  ComeUp();
  end().Say(HeaderOf(kType + 1, 0));
  EXPECT_FALSE(link_->up());
  EXPECT_EQ(heard_.size(), 1U);
}

TEST_F(LinkTest, GarbageBreaksIt) {
  DialAndComeUp();
  end().Say("HTTP/1.1 400 Bad Request");
  EXPECT_FALSE(link_->up());
  EXPECT_TRUE(end().destroyed);
  RunUntilDialled(2);
  ComeUp();
  Bytes damaged = FrameOf({kType, 1, "payload"});
  damaged.back() ^= 1;
  end().Say(damaged);
  EXPECT_FALSE(link_->up());
  EXPECT_THAT(downs_.back(), HasSubstr("checksum"));
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(LinkTest, StaysUpWhileItsPingsAreAnswered) {
  DialAndComeUp();
  int pings = 0;
  for (int i = 0; i < 100; ++i) {
    loop_.Advance(100 * kMillisecond);
    for (const Said& said : FramesOf(end().Take())) {
      ASSERT_EQ(said.type, kPingType);
      EXPECT_EQ(said.payload, "");
      ++pings;
      end().Say(Pong());
    }
  }
  EXPECT_TRUE(link_->up());
  EXPECT_EQ(pings, 20);
  EXPECT_EQ(loop_.ends().size(), 1U);
}

TEST_F(LinkTest, BreaksAfterSilenceAndDialsAgain) {
  DialAndComeUp();
  loop_.Advance(1'999 * kMillisecond);
  EXPECT_TRUE(link_->up());
  loop_.Advance(kMillisecond);
  EXPECT_FALSE(link_->up());
  EXPECT_THAT(downs_, ElementsAre(HasSubstr("silent for 2000 ms")));
  RunUntilDialled(2);
  ComeUp();
  EXPECT_EQ(link_->times_up(), 2U);
}

// Its host was stopped: what came meanwhile has not been read yet.
TEST_F(LinkTest, WhoSleptAccusesNobody) {
  DialAndComeUp();
  clock_.now_ns += 60'000 * kMillisecond;
  loop_.Settle();
  EXPECT_TRUE(link_->up());
  loop_.Advance(2'500 * kMillisecond);
  EXPECT_FALSE(link_->up());
}

TEST_F(LinkTest, GivesUpDiallingAfterAWhile) {
  for (const bool opens : {false, true}) {
    downs_.clear();
    Dial();
    if (opens) end().Open();
    loop_.Advance(1'999 * kMillisecond);
    EXPECT_FALSE(end().destroyed) << opens;
    loop_.Advance(kMillisecond);
    EXPECT_TRUE(end().destroyed) << opens;
    EXPECT_THAT(downs_, ElementsAre("no answer within 2000 ms"));
  }
}

TEST_F(LinkTest, WaitsLongerAfterEachFailureAndNotAfterItWasUp) {
  Dial();
  std::uint64_t longest = options_.retry_low_ns;
  std::vector<std::uint64_t> waits;
  for (std::size_t dialled = 2; dialled < 14; ++dialled) {
    end().Break(env::CloseReason::kConnectFailed, "refused");
    const std::uint64_t begin_ns = clock_.now_ns;
    RunUntilDialled(dialled);
    waits.push_back(clock_.now_ns - begin_ns);
    EXPECT_GE(waits.back(), longest / 2);
    EXPECT_LE(waits.back(), longest + kMillisecond);
    longest = std::min(2 * longest, options_.retry_high_ns);
  }
  EXPECT_GT(waits.back(), options_.retry_high_ns / 2);
  EXPECT_NE(waits[10], waits[11]);  // drawn
  EXPECT_EQ(downs_.size(), 12U);
  ComeUp();
  end().Break();
  const std::uint64_t begin_ns = clock_.now_ns;
  RunUntilDialled(14);
  EXPECT_LE(clock_.now_ns - begin_ns, options_.retry_low_ns + kMillisecond);
}

TEST_F(LinkTest, UrgentFramesOvertakeBulkThatIsStillQueued) {
  options_.bulk_ahead_bytes = 500;
  DialAndComeUp();
  end().flows = false;
  for (std::uint64_t i = 1; i <= 6; ++i) EXPECT_TRUE(Send(Lane::kBulk, i, 200));
  EXPECT_TRUE(Send(Lane::kUrgent, 101, 10));
  EXPECT_TRUE(Send(Lane::kUrgent, 102, 10));
  // Three went ahead: the third when 456 bytes were there.
  EXPECT_EQ(link_->queued_bytes(Lane::kBulk), 3 * (200 + kFrameHeaderSize));
  end().flows = true;
  loop_.Settle();
  EXPECT_THAT(TakeRequests(), ElementsAre(1, 2, 3, 101, 102, 4, 5, 6));
  EXPECT_EQ(link_->queued_bytes(Lane::kBulk), 0U);
}

TEST_F(LinkTest, SomethingUrgentThatFindsNoRoomIsNotPassedBySmallBulk) {
  options_.urgent_max_bytes = 1'000;
  options_.bulk_max_bytes = 1'000;
  DialAndComeUp();
  end().flows = false;
  ASSERT_TRUE(Send(Lane::kBulk, 1, 1'000 - kFrameHeaderSize));
  ASSERT_TRUE(Send(Lane::kBulk, 2, 1'000 - kFrameHeaderSize));
  ASSERT_TRUE(Send(Lane::kUrgent, 3, 900));
  EXPECT_EQ(link_->queued_bytes(Lane::kUrgent), 900 + kFrameHeaderSize);
  ASSERT_TRUE(Send(Lane::kBulk, 4, 10));
  end().flows = true;
  loop_.Settle();
  EXPECT_THAT(TakeRequests(), ElementsAre(1, 2, 3, 4));
}

TEST_F(LinkTest, EachLaneHasItsBound) {
  options_.urgent_max_bytes = 1'000;
  options_.bulk_max_bytes = 1'000;
  options_.bulk_ahead_bytes = 1;
  DialAndComeUp();
  end().flows = false;
  ASSERT_TRUE(Send(Lane::kBulk, 1, 1'000 - kFrameHeaderSize));  // goes ahead
  ASSERT_EQ(link_->ahead_bytes(), 1'000U);
  EXPECT_FALSE(Send(Lane::kBulk, 2, 1'001 - kFrameHeaderSize));
  EXPECT_TRUE(Send(Lane::kBulk, 2, 1'000 - kFrameHeaderSize));
  EXPECT_FALSE(Send(Lane::kBulk, 3, 0));
  EXPECT_EQ(link_->queued_bytes(Lane::kBulk), 1'000U);
  // Urgent ones still go: the connection takes as much as both lanes may hold.
  EXPECT_TRUE(Send(Lane::kUrgent, 4, 1'000 - kFrameHeaderSize));
  EXPECT_TRUE(Send(Lane::kUrgent, 5, 1'000 - kFrameHeaderSize));
  EXPECT_FALSE(Send(Lane::kUrgent, 6, 0));
  EXPECT_LE(link_->ahead_bytes(), end().options.send_queue_max_bytes);
  end().flows = true;
  loop_.Settle();
  EXPECT_THAT(TakeRequests(), ElementsAre(1, 4, 5, 2));
}

TEST_F(LinkTest, WhatIsQueuedIsLostWithTheConnection) {
  options_.bulk_ahead_bytes = 1;
  DialAndComeUp();
  end().flows = false;
  ASSERT_TRUE(Send(Lane::kBulk, 1, 10));
  ASSERT_TRUE(Send(Lane::kBulk, 2, 10));
  end().Break();
  EXPECT_EQ(link_->queued_bytes(Lane::kBulk), 0U);
  EXPECT_FALSE(Send(Lane::kBulk, 3, 10));
  RunUntilDialled(2);
  ComeUp();
  ASSERT_TRUE(Send(Lane::kBulk, 4, 10));
  loop_.Settle();
  EXPECT_THAT(TakeRequests(), ElementsAre(4));
}

TEST_F(LinkTest, ADestroyedOneLeavesNothingBehind) {
  DialAndComeUp();
  link_.reset();
  EXPECT_TRUE(end().destroyed);
  EXPECT_EQ(loop_.timers(), 0U);
  loop_.Advance(10'000 * kMillisecond);
  EXPECT_EQ(loop_.ends().size(), 1U);
  EXPECT_THAT(downs_, IsEmpty());
}

TEST_F(LinkTest, DoesNotSpeakTheConnectionsOwnTypesForOthers) {
  DialAndComeUp();
  const FrameHead head{.type = kPingType, .flags = 0, .request = {}};
  EXPECT_DEATH(static_cast<void>(link_->Send(Lane::kUrgent, head, {})), "kFirstTypeOfPayloads");
}

}  // namespace
}  // namespace beach::wire
