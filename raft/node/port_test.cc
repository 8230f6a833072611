// SPDX-License-Identifier: Apache-2.0
#include "raft/node/port.h"

#include <gtest/gtest.h>

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "wire/testing/fake_loop.h"
#include "wire/testing/frames.h"

namespace beach::raft {
namespace {

using wire::testing::FakeClock;
using wire::testing::FakeLoop;
using wire::testing::FrameOf;
using wire::testing::FramesOf;
using wire::testing::Said;

constexpr wire::ClusterId kOurs{'o', 'u', 'r', 's'};
constexpr std::uint16_t kPeerType = 16;
constexpr std::uint16_t kClientType = 40;
constexpr char kAddress[] = "here:1";

class TestHost final : public Host {
 public:
  void Welcomed(wire::Guest& guest) override { welcomed.push_back(guest.hello().from.value); }
  Status Received(wire::Guest& guest, const wire::Frame& frame) override {
    heard.emplace_back(frame.payload);
    if (frame.payload == "bad") return Fail(ErrorCode::kCorruption, "bad");
    if (frame.payload == "answer me") {
      EXPECT_TRUE(guest.Send({.type = kClientType, .flags = 0, .request = {}}, "yes"));
    }
    return {};
  }
  std::uint64_t PayloadMax(wire::Guest&) const override { return payload_max; }
  void Writable(wire::Guest&) override {}
  void Gone(wire::Guest& guest) override { gone.push_back(guest.hello().from.value); }

  std::uint64_t payload_max = ~std::uint64_t{0};
  std::vector<std::uint64_t> welcomed;
  std::vector<std::string> heard;
  std::vector<std::uint64_t> gone;
};

// A connection to the port, as whoever dials it sees it.
struct Dialler {
  std::unique_ptr<env::Connection> connection;
  Bytes arrived;
  bool closed = false;
};

class PortTest : public ::testing::Test {
 protected:
  void Open(Host* peers, Host* clients, std::uint64_t guests_max = 10) {
    PortOptions options;
    options.guests = {.cluster = kOurs, .self = wire::NodeNumber(2)};
    options.guests_max = guests_max;
    options.peer_payload_max = [](std::uint16_t type) -> std::optional<std::uint64_t> {
      return type == kPeerType ? std::optional<std::uint64_t>(10) : std::nullopt;
    };
    options.client_payload_max = [](std::uint16_t type) -> std::optional<std::uint64_t> {
      return type == kClientType ? std::optional<std::uint64_t>(10) : std::nullopt;
    };
    if (believed_) {
      options.believes = [this](const wire::Guest& guest) {
        return guest.hello().from == wire::NodeNumber(*believed_);
      };
    }
    port_ = *Port::Open(loop_, clock_, kAddress, options, peers, clients);
  }

  Dialler& Dial() {
    diallers_.push_back(std::make_unique<Dialler>());
    Dialler& dialler = *diallers_.back();
    env::Connection::Callbacks callbacks;
    callbacks.on_bytes = [&dialler](ByteView bytes) { dialler.arrived += bytes; };
    callbacks.on_closed = [&dialler](const env::Closed&) { dialler.closed = true; };
    dialler.connection = loop_.Connect(kAddress, {}, std::move(callbacks));
    loop_.Settle();
    return dialler;
  }
  Dialler& DialAs(std::uint64_t from) {
    Dialler& dialler = Dial();
    wire::Hello hello;
    hello.cluster = kOurs;
    hello.from = wire::NodeNumber(from);
    hello.to = wire::NodeNumber(2);
    Say(dialler, {.type = wire::kHelloType, .request = 0, .payload = wire::Encode(hello)});
    return dialler;
  }
  void Say(Dialler& dialler, const Said& said) {
    EXPECT_TRUE(dialler.connection->Send(FrameOf(said)));
    loop_.Settle();
  }

  FakeClock clock_;
  FakeLoop loop_{clock_};
  std::optional<std::uint64_t> believed_;  // set: the only node that is
  TestHost peers_;
  TestHost clients_;
  std::unique_ptr<Port> port_;
  std::vector<std::unique_ptr<Dialler>> diallers_;
};

TEST_F(PortTest, BringsNodesAndClientsToTheirHosts) {
  Open(&peers_, &clients_);
  Dialler& node = DialAs(3);
  Dialler& client = DialAs(0);
  EXPECT_EQ(peers_.welcomed, std::vector<std::uint64_t>{3});
  EXPECT_EQ(clients_.welcomed, std::vector<std::uint64_t>{0});
  Say(node, {.type = kPeerType, .request = 0, .payload = "vote"});
  client.arrived.clear();
  Say(client, {.type = kClientType, .request = 1, .payload = "answer me"});
  EXPECT_EQ(peers_.heard, std::vector<std::string>{"vote"});
  EXPECT_EQ(clients_.heard, std::vector<std::string>{"answer me"});
  const std::vector<Said> answers = FramesOf(client.arrived);
  ASSERT_EQ(answers.size(), 1U);
  EXPECT_EQ(answers[0].payload, "yes");
  EXPECT_EQ(port_->guests(), 2U);
}

TEST_F(PortTest, LetsNobodySpeakTheOthersFrames) {
  Open(&peers_, &clients_);
  Dialler& node = DialAs(3);
  Dialler& client = DialAs(0);
  Say(node, {.type = kClientType, .request = 0, .payload = "put"});
  Say(client, {.type = kPeerType, .request = 0, .payload = "vote"});
  EXPECT_TRUE(node.closed);
  EXPECT_TRUE(client.closed);
  EXPECT_TRUE(peers_.heard.empty());
  EXPECT_TRUE(clients_.heard.empty());
  EXPECT_EQ(peers_.gone, std::vector<std::uint64_t>{3});
  EXPECT_EQ(port_->guests(), 0U);
}

TEST_F(PortTest, SendsAwayWhomItsHostRefuses) {
  Open(&peers_, &clients_);
  Dialler& client = DialAs(0);
  const Bytes two = FrameOf({.type = kClientType, .request = 1, .payload = "bad"}) +
                    FrameOf({.type = kClientType, .request = 2, .payload = "more"});
  EXPECT_TRUE(client.connection->Send(two));
  loop_.Settle();
  EXPECT_EQ(clients_.heard, std::vector<std::string>{"bad"});
  EXPECT_EQ(clients_.gone, std::vector<std::uint64_t>{0});
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(port_->guests(), 0U);
}

TEST_F(PortTest, AHostMayTakeShorterPayloads) {
  Open(&peers_, &clients_);
  clients_.payload_max = 4;
  Dialler& client = DialAs(0);
  Say(client, {.type = kClientType, .request = 1, .payload = "tide"});
  EXPECT_FALSE(client.closed);
  Say(client, {.type = kClientType, .request = 2, .payload = "tides"});
  EXPECT_TRUE(client.closed);
  EXPECT_EQ(clients_.heard, std::vector<std::string>{"tide"});
}

TEST_F(PortTest, SendsAwayWhomItDoesNotBelieve) {
  believed_ = 3;
  Open(&peers_, &clients_);
  Dialler& node = DialAs(3);
  Dialler& liar = DialAs(4);
  Dialler& client = DialAs(0);
  EXPECT_FALSE(node.closed);
  EXPECT_TRUE(liar.closed);
  EXPECT_FALSE(client.closed);
  EXPECT_EQ(peers_.welcomed, std::vector<std::uint64_t>{3});
  EXPECT_EQ(clients_.welcomed, std::vector<std::uint64_t>{0});
  EXPECT_TRUE(peers_.gone.empty());
}

TEST_F(PortTest, SendsAwayWhomNobodyServes) {
  Open(&peers_, nullptr);
  Dialler& client = DialAs(0);
  EXPECT_TRUE(client.closed);
  EXPECT_FALSE(DialAs(3).closed);
  EXPECT_EQ(port_->guests(), 1U);
}

TEST_F(PortTest, TakesNoMoreGuestsThanItMay) {
  Open(&peers_, &clients_, 2);
  Dialler& first = DialAs(3);
  DialAs(0);
  EXPECT_TRUE(Dial().closed);
  EXPECT_EQ(port_->guests(), 2U);
  first.connection.reset();
  loop_.Settle();
  EXPECT_EQ(port_->guests(), 1U);
  EXPECT_FALSE(DialAs(4).closed);
}

TEST_F(PortTest, ForgetsAStrangerWithoutTellingAnybody) {
  Open(&peers_, &clients_);
  Dialler& stranger = Dial();
  stranger.connection.reset();
  loop_.Settle();
  EXPECT_EQ(port_->guests(), 0U);
  EXPECT_TRUE(peers_.gone.empty());
  EXPECT_TRUE(clients_.gone.empty());
}

TEST_F(PortTest, TellsItsHostsOfAllWhenItCloses) {
  Open(&peers_, &clients_);
  DialAs(3);
  DialAs(0);
  port_.reset();
  EXPECT_EQ(peers_.gone.size(), 1U);
  EXPECT_EQ(clients_.gone.size(), 1U);
  loop_.Settle();
  EXPECT_TRUE(diallers_[0]->closed);
}

}  // namespace
}  // namespace beach::raft
