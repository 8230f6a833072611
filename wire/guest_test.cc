// SPDX-License-Identifier: Apache-2.0
#include "wire/guest.h"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <memory>
#include <optional>
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
constexpr ClusterId kTheirs{'t', 'h', 'e', 'i', 'r', 's'};
constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint16_t kType = 40;
constexpr std::uint64_t kPayloadMax = 1'000;

Bytes HelloFrom(std::uint64_t from, std::uint64_t to = 2, const ClusterId& cluster = kOurs) {
  Hello hello;
  hello.cluster = cluster;
  hello.from = NodeNumber(from);
  hello.to = NodeNumber(to);
  return FrameOf({.type = kHelloType, .request = 0, .payload = Encode(hello)});
}

Bytes Ping() { return FrameOf({.type = kPingType, .request = 0, .payload = ""}); }

// Node 2; the test is who dialled it.
class GuestTest : public ::testing::Test {
 protected:
  void Accept(bool keep_when_gone = false) {
    auto [connection, end] = loop_.Accepted(options_);
    end_ = end;
    Guest::Callbacks callbacks;
    callbacks.on_welcome = [this](const Hello& hello) {
      welcome_ = hello.from;
      if (cut_off_at_welcome_) guest_->CutOff("too many");
    };
    callbacks.on_frame = [this](const Frame& frame) {
      if (cut_off_at_frame_) guest_->CutOff("too much");
      heard_.push_back({.type = frame.head.type,
                        .request = frame.head.request.value,
                        .payload = std::string(frame.payload)});
    };
    callbacks.on_writable = [this] { ++writable_; };
    callbacks.on_gone = [this, keep_when_gone](const std::string& why) {
      gone_.push_back(why);
      if (!keep_when_gone) guest_.reset();
    };
    guest_ = std::make_unique<Guest>(
        loop_, clock_, std::move(connection), GuestOptions{.cluster = kOurs, .self = NodeNumber(2)},
        [this](std::uint16_t type) -> std::optional<std::uint64_t> {
          asked_.push_back(type);
          if (type == kType) return kPayloadMax;
          return std::nullopt;
        },
        callbacks);
    end_->callbacks = guest_->connection_callbacks();
  }
  void AcceptAndWelcome(std::uint64_t from, bool keep_when_gone = false) {
    Accept(keep_when_gone);
    end_->Say(HelloFrom(from));
    loop_.Settle();
    end_->Take();
    ASSERT_EQ(welcome_, NodeNumber(from));
  }
  std::optional<HelloAnswer> TakeAnswer() {
    const auto said = FramesOf(end_->Take());
    if (said.size() != 1 || said[0].type != kHelloAnswerType) return std::nullopt;
    const auto answer = DecodeHelloAnswer(said[0].payload);
    return answer ? std::optional(*answer) : std::nullopt;
  }
  bool Send(std::uint64_t request, const std::string& payload) {
    return guest_->Send({.type = kType, .flags = 0, .request = RequestId(request)}, payload);
  }

  FakeClock clock_;
  FakeLoop loop_{clock_};
  env::ConnectionOptions options_;
  FakeEnd* end_ = nullptr;
  std::unique_ptr<Guest> guest_;
  std::optional<NodeNumber> welcome_;
  std::vector<Said> heard_;
  std::vector<std::string> gone_;
  std::vector<std::uint16_t> asked_;
  int writable_ = 0;
  bool cut_off_at_welcome_ = false;
  bool cut_off_at_frame_ = false;
};

TEST_F(GuestTest, IsWelcomeOnceItHasSaidWhoItIs) {
  Accept();
  EXPECT_FALSE(Send(1, "too early"));
  end_->Say(HelloFrom(7));
  loop_.Settle();
  const auto answer = TakeAnswer();
  ASSERT_TRUE(answer.has_value());
  EXPECT_EQ(answer->verdict, HelloVerdict::kWelcome);
  EXPECT_EQ(answer->version, kVersionMax);
  EXPECT_EQ(answer->from, NodeNumber(2));
  EXPECT_EQ(welcome_, NodeNumber(7));
  EXPECT_EQ(guest_->hello().from, NodeNumber(7));
  EXPECT_TRUE(Send(5, "sand"));
  loop_.Settle();
  EXPECT_THAT(FramesOf(end_->Take()), ElementsAre(Said{kType, 5, "sand"}));
}

// What comes with the hello in one piece is judged by the state that the hello has made.
TEST_F(GuestTest, IsHeardFromTheByteBehindItsHello) {
  Accept();
  end_->Say(HelloFrom(0) + FrameOf({kType, 3, "shell"}) + Ping());
  EXPECT_THAT(heard_, ElementsAre(Said{kType, 3, "shell"}));
  loop_.Settle();
  const auto said = FramesOf(end_->Take());
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[0].type, kHelloAnswerType);
  EXPECT_EQ(said[1].type, kPongType);
}

TEST_F(GuestTest, IsToldWhyItIsNotWelcomeAndNotHeard) {
  Hello later;
  later.version_min = kVersionMax + 1;
  later.version_max = kVersionMax + 1;
  later.cluster = kOurs;
  struct Case {
    Bytes says;
    HelloVerdict verdict;
  };
  const Case cases[] = {
      {HelloFrom(1, 2, kTheirs), HelloVerdict::kOtherCluster},
      {HelloFrom(1, 3), HelloVerdict::kOtherNode},
      {FrameOf({kHelloType, 0, Encode(later)}), HelloVerdict::kNoCommonVersion},
  };
  for (const Case& one : cases) {
    gone_.clear();
    Accept();
    end_->Say(one.says + FrameOf({kType, 3, "unheard"}) + "garbage");
    EXPECT_THAT(gone_, IsEmpty());  // the answer goes out first
    loop_.Settle();
    const auto answer = TakeAnswer();
    ASSERT_TRUE(answer.has_value());
    EXPECT_EQ(answer->verdict, one.verdict);
    EXPECT_EQ(gone_.size(), 1U);
  }
  EXPECT_FALSE(welcome_.has_value());
  EXPECT_THAT(heard_, IsEmpty());
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(GuestTest, BeforeTheWelcomeNothingElseIsKept) {
  for (const std::uint16_t type : {std::uint16_t{0}, kHelloAnswerType, kPingType, kPongType,
                                   std::uint16_t{15}, std::uint16_t{16}, kType}) {
    gone_.clear();
    Accept();
    end_->Say(HeaderOf(type, 100));
    EXPECT_THAT(gone_,
                ElementsAre(HasSubstr("of type " + std::to_string(type) + " where none may be")));
  }
  EXPECT_THAT(asked_, IsEmpty());
  EXPECT_THAT(heard_, IsEmpty());
}

TEST_F(GuestTest, AHelloTooLongIsRefusedByItsHeader) {
  Accept();
  end_->Say(HeaderOf(kHelloType, kOwnPayloadMax + 1));
  EXPECT_THAT(gone_, ElementsAre(HasSubstr("513 bytes")));
  Accept();
  end_->Say(FrameOf({kHelloType, 0, "short"}));
  ASSERT_EQ(gone_.size(), 2U);
  EXPECT_THAT(gone_[1], HasSubstr("makes no sense"));
}

TEST_F(GuestTest, OfTheConnectionsOwnTypesOnlyAPingMayFollow) {
  for (std::uint16_t type = 0; type < kFirstTypeOfPayloads; ++type) {
    gone_.clear();
    AcceptAndWelcome(7);
    end_->Say(HeaderOf(type, kOwnPayloadMax));
    EXPECT_EQ(gone_.empty(), type == kPingType) << type;
    guest_.reset();
  }
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(GuestTest, APingMayGrowAndHasALimit) {
  AcceptAndWelcome(7);
  end_->Say(FrameOf({kPingType, 0, std::string(kOwnPayloadMax, 'x')}));
  loop_.Settle();
  EXPECT_THAT(FramesOf(end_->Take()), ElementsAre(Said{kPongType, 0, ""}));
  EXPECT_THAT(gone_, IsEmpty());
  end_->Say(HeaderOf(kPingType, kOwnPayloadMax + 1));
  EXPECT_EQ(gone_.size(), 1U);
  EXPECT_THAT(heard_, IsEmpty());
  EXPECT_THAT(asked_, IsEmpty());
}

TEST_F(GuestTest, PayloadsAreAsLongAsTheirOwnerSays) {
  AcceptAndWelcome(7);
  const Said longest{kType, 7, std::string(kPayloadMax, 'y')};
  end_->Say(FrameOf(longest));
  EXPECT_THAT(heard_, ElementsAre(longest));
  end_->Say(HeaderOf(kType, kPayloadMax + 1));
  EXPECT_THAT(gone_, ElementsAre(HasSubstr("1001 bytes; 1000")));
  AcceptAndWelcome(7);
  end_->Say(HeaderOf(kType + 1, 0));
  ASSERT_EQ(gone_.size(), 2U);
  EXPECT_THAT(gone_[1], HasSubstr("where none may be"));
}

TEST_F(GuestTest, GarbageIsItsEnd) {
  Accept();
  end_->Say("GET / HTTP/1.1\r\n");
  EXPECT_THAT(gone_, ElementsAre(HasSubstr("HTTP")));
  EXPECT_TRUE(end_->destroyed);
  AcceptAndWelcome(7);
  Bytes damaged = FrameOf({kType, 1, "payload"});
  damaged.back() ^= 1;
  end_->Say(damaged);
  ASSERT_EQ(gone_.size(), 2U);
  EXPECT_THAT(gone_[1], HasSubstr("checksum"));
  EXPECT_THAT(heard_, IsEmpty());
}

// Neither a part of a hello nor one byte now and then prolongs it.
TEST_F(GuestTest, HasNotForeverToSayWhoItIs) {
  Accept();
  const Bytes hello = HelloFrom(7);
  for (std::size_t i = 0; i < 19; ++i) {
    end_->Say(hello.substr(i, 1));
    loop_.Advance(100 * kMillisecond);
  }
  EXPECT_THAT(gone_, IsEmpty());
  loop_.Advance(100 * kMillisecond);
  EXPECT_THAT(gone_, ElementsAre(HasSubstr("not said who it is")));
  EXPECT_EQ(loop_.timers(), 0U);
}

TEST_F(GuestTest, ARefusedOneThatDoesNotReadIsLeft) {
  Accept();
  end_->flows = false;
  end_->Say(HelloFrom(1, 3));
  loop_.Advance(1'999 * kMillisecond);
  EXPECT_THAT(gone_, IsEmpty());
  loop_.Advance(kMillisecond);
  EXPECT_EQ(gone_.size(), 1U);
}

TEST_F(GuestTest, ANodeIsNotSilentForLong) {
  AcceptAndWelcome(7);
  for (int i = 0; i < 10; ++i) {
    loop_.Advance(9'000 * kMillisecond);
    end_->Say(Ping());
  }
  EXPECT_THAT(gone_, IsEmpty());
  loop_.Advance(9'999 * kMillisecond);
  EXPECT_THAT(gone_, IsEmpty());
  loop_.Advance(kMillisecond);
  EXPECT_THAT(gone_, ElementsAre(HasSubstr("silent for 10000 ms")));
}

TEST_F(GuestTest, AClientMayBeSilentForever) {
  AcceptAndWelcome(0);
  EXPECT_EQ(loop_.timers(), 0U);
  loop_.Advance(1'000'000 * kMillisecond);
  EXPECT_THAT(gone_, IsEmpty());
  EXPECT_TRUE(Send(1, "still here"));
}

// Our host was stopped: what came meanwhile has not been read yet.
TEST_F(GuestTest, WhoSleptAccusesNobody) {
  AcceptAndWelcome(7);
  clock_.now_ns += 60'000 * kMillisecond;
  loop_.Settle();
  EXPECT_THAT(gone_, IsEmpty());
  loop_.Advance(10'000 * kMillisecond);
  EXPECT_EQ(gone_.size(), 1U);
}

TEST_F(GuestTest, AFullQueueRefusesAndTellsOfRoom) {
  options_.send_queue_max_bytes = 200;
  options_.send_queue_low_bytes = 100;
  AcceptAndWelcome(0);
  end_->flows = false;
  EXPECT_TRUE(Send(1, std::string(200 - kFrameHeaderSize, 'x')));
  EXPECT_FALSE(Send(2, ""));
  end_->Say(Ping());  // no room for its answer, and no harm
  EXPECT_EQ(writable_, 0);
  end_->flows = true;
  loop_.Settle();
  EXPECT_EQ(writable_, 1);
  EXPECT_TRUE(Send(3, ""));
  loop_.Settle();
  const auto said = FramesOf(end_->Take());
  ASSERT_EQ(said.size(), 2U);
  EXPECT_EQ(said[0].request, 1U);
  EXPECT_EQ(said[1].request, 3U);
}

TEST_F(GuestTest, OneThatIsCutOffIsNotHeardAndGoesAfterTheCallback) {
  AcceptAndWelcome(7);
  cut_off_at_frame_ = true;
  end_->Say(FrameOf({kType, 1, "once"}) + FrameOf({kType, 2, "twice"}) + Ping());
  EXPECT_EQ(heard_.size(), 1U);
  EXPECT_THAT(gone_, IsEmpty());
  EXPECT_FALSE(Send(1, "late"));
  end_->Say(FrameOf({kType, 3, "late"}));
  guest_->CutOff("again");
  loop_.Settle();
  EXPECT_THAT(gone_, ElementsAre("too much"));
  EXPECT_EQ(heard_.size(), 1U);
  EXPECT_EQ(end_->Take(), "");
  EXPECT_EQ(loop_.timers(), 0U);

  gone_.clear();
  cut_off_at_welcome_ = true;
  Accept();
  end_->Say(HelloFrom(7) + FrameOf({kType, 4, "unheard"}));
  end_->Break();
  EXPECT_THAT(gone_, ElementsAre("reset"));
  loop_.Settle();
  EXPECT_EQ(gone_.size(), 1U);
  EXPECT_EQ(heard_.size(), 1U);
}

TEST_F(GuestTest, OneThatIsGoneIsSoOnceAndNotHeard) {
  AcceptAndWelcome(7, /*keep_when_gone=*/true);
  loop_.Advance(10'000 * kMillisecond);
  ASSERT_EQ(gone_.size(), 1U);
  // Its owner still holds it, and its connection still brings bytes.
  end_->Say(HelloFrom(7) + FrameOf({kType, 1, "late"}));
  end_->Say("garbage");
  end_->Say("garbage");
  end_->Break();
  EXPECT_EQ(gone_.size(), 1U);
  EXPECT_THAT(heard_, IsEmpty());
  EXPECT_FALSE(Send(1, "late"));
}

TEST_F(GuestTest, DoesNotSpeakTheConnectionsOwnTypesForOthers) {
  AcceptAndWelcome(7);
  const FrameHead head{.type = kPongType, .flags = 0, .request = {}};
  EXPECT_DEATH(static_cast<void>(guest_->Send(head, {})), "kFirstTypeOfPayloads");
}

}  // namespace
}  // namespace beach::wire
