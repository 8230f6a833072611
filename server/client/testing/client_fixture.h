// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <list>
#include <map>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "server/client/client.h"
#include "wire/guest.h"
#include "wire/testing/fake_loop.h"

// A client of three nodes that do what a test says.

namespace beach::server::testing {

using wire::NodeNumber;
using wire::testing::FakeClock;
using wire::testing::FakeLoop;

inline constexpr wire::ClusterId kOurs{'o', 'u', 'r', 's'};
inline constexpr std::uint64_t kMillisecond = 1'000'000;
inline constexpr std::uint64_t kSecond = 1'000 * kMillisecond;

// What a node was asked.
struct Asked {
  std::size_t node = 0;
  wire::Guest* guest = nullptr;
  std::uint16_t type = 0;
  wire::RequestId request;
  Bytes payload;

  Command command() const { return *DecodeCommand(ByteView(payload).substr(4)); }
  std::uint32_t deadline_ms() const { return DeadlineMsOf(*DecodeRequest(type, payload)); }
  WatchRequest watch() const { return std::get<WatchRequest>(*DecodeRequest(type, payload)); }
  GetRequest get() const { return std::get<GetRequest>(*DecodeRequest(type, payload)); }
};

// Three nodes, n1 to n3, that do what the test says.
class ClientTest : public ::testing::Test {
 protected:
  void SetUp() override {
    options_.cluster = kOurs;
    for (std::size_t node = 1; node <= 3; ++node) {
      options_.addresses.push_back(AddressOf(node));
      Start(node);
    }
  }
  void TearDown() override {
    client_.reset();
    for (std::size_t node = 1; node <= 3; ++node) Stop(node);
  }
  static std::string AddressOf(std::size_t node) { return "n" + std::to_string(node) + ":1"; }

  void Start(std::size_t node) {
    auto listener =
        loop_.Listen(AddressOf(node), {.send_queue_max_bytes = std::uint64_t{8} << 20},
                     [this, node](std::unique_ptr<env::Connection> connection) {
                       const auto place = guests_[node].emplace(guests_[node].end());
                       wire::Guest::Callbacks callbacks;
                       callbacks.on_frame = [this, node, place](const wire::Frame& frame) {
                         asked_.push_back({node, place->get(), frame.head.type, frame.head.request,
                                           Bytes(frame.payload)});
                         if (opens_ && frame.head.type == 32 &&
                             asked_.back().command().kind == CommandKind::kOpenSession) {
                           const Asked open = asked_.back();
                           asked_.pop_back();
                           ++opened_;
                           Written(open, AnswerKind::kDone, 100 + opened_);
                         }
                       };
                       callbacks.on_gone = [this, node, place](const std::string&) {
                         guests_[node].erase(place);
                       };
                       *place = std::make_unique<wire::Guest>(
                           loop_, clock_, std::move(connection),
                           wire::GuestOptions{.cluster = kOurs, .self = NodeNumber(node)},
                           RequestBytesMax, callbacks);
                       return (*place)->connection_callbacks();
                     });
    ASSERT_TRUE(listener.has_value());
    listeners_[node] = std::move(*listener);
  }
  void Stop(std::size_t node) {
    listeners_[node].reset();
    guests_[node].clear();
  }
  Client& Begin() {
    client_ = std::make_unique<Client>(loop_, clock_, options_);
    return *client_;
  }
  void Say(const Asked& asked, const Reply& reply) {
    Bytes payload;
    EncodeReply(reply, payload);
    const bool sent =
        asked.guest->Send({.type = TypeOf(reply), .flags = 0, .request = asked.request}, payload);
    EXPECT_TRUE(sent);
  }
  void Written(const Asked& asked, AnswerKind kind, std::uint64_t index = 50) {
    Bytes answer;
    EncodeAnswer({.kind = kind, .index = index, .values = {}}, answer);
    Say(asked, WriteReply{.leader = {}, .answer = answer});
  }
  void Failed(const Asked& asked, FailureKind kind, bool safe, bool helps, std::size_t leader = 0) {
    const std::string address = leader == 0 ? "" : AddressOf(leader);
    Say(asked, Failure{.leader = NodeNumber(leader),
                       .kind = kind,
                       .retry_is_safe = safe,
                       .retry_may_help = helps,
                       .leader_address = address,
                       .detail = {}});
  }
  // The only thing that was asked since, after so much time.
  Asked Only(std::uint64_t wait_ns = 0) {
    loop_.Advance(wait_ns);
    loop_.Settle();
    EXPECT_EQ(asked_.size(), 1U);
    if (asked_.size() != 1) return {};
    Asked only = asked_[0];
    asked_.clear();
    return only;
  }
  void Put(std::uint64_t deadline_ns = 0) {
    client_->Put("sand", "shell", deadline_ns,
                 [this](CallResult<Answer> answer) { answers_.push_back(std::move(answer)); });
  }
  void Get(Consistency consistency = {}, std::uint64_t deadline_ns = 0) {
    client_->Get("sand", consistency, deadline_ns,
                 [this](CallResult<GetResult> result) { got_.push_back(std::move(result)); });
  }
  void Watch(std::optional<std::uint64_t> from, std::uint64_t deadline_ns = 0) {
    client_->Watch("a", "z", from, deadline_ns,
                   [this](CallResult<WatchResult> result) { watched_.push_back(result); });
  }
  // One change each.
  void Changed(const Asked& asked, WatchPlace next,
               const std::vector<std::pair<std::uint64_t, ByteView>>& changes) {
    WatchReply reply{.leader = {}, .next = next, .entries = {}};
    for (const auto& [index, key] : changes) {
      reply.entries.push_back(
          {.index = index, .changes = {{.kind = KeyChangeKind::kDelete, .key = key}}});
    }
    Say(asked, reply);
    loop_.Settle();
  }
  std::string TakeWatched() {
    loop_.Settle();
    if (watched_.size() != 1) return std::to_string(watched_.size()) + " results";
    const auto watched = watched_[0];
    watched_.clear();
    if (!watched) return FailureKindName(watched.error().kind);
    std::string text;
    for (const WatchedEntry& entry : watched->entries) {
      text += std::to_string(entry.index);
      for (const WatchedChange& change : entry.changes) text += " " + change.key;
      text += "; ";
    }
    return text + "next " + std::to_string(watched->next);
  }
  void Order(std::uint64_t deadline_ns = 0) {
    client_->ChangeMembers(
        {.deadline_ms = 0, .joint = false, .changes = {{.kind = {}, .node = NodeNumber(4)}}},
        deadline_ns, [this](CallResult<std::uint64_t> index) { ordered_.push_back(index); });
  }
  std::string TakeAnswer() {
    loop_.Settle();
    if (answers_.size() != 1) return std::to_string(answers_.size()) + " answers";
    const auto answer = answers_[0];
    answers_.clear();
    if (!answer) return FailureKindName(answer.error().kind);
    return answer->kind == AnswerKind::kDone ? "done" : "otherwise";
  }

  FakeClock clock_;
  FakeLoop loop_{clock_};
  ClientOptions options_;
  std::map<std::size_t, std::unique_ptr<env::Listener>> listeners_;
  std::map<std::size_t, std::list<std::unique_ptr<wire::Guest>>> guests_;
  std::vector<Asked> asked_;
  bool opens_ = true;  // sessions are opened at once
  std::uint64_t opened_ = 0;
  std::unique_ptr<Client> client_;
  std::vector<CallResult<Answer>> answers_;
  std::vector<CallResult<GetResult>> got_;
  std::vector<CallResult<std::uint64_t>> ordered_;
  std::vector<CallResult<WatchResult>> watched_;
};

}  // namespace beach::server::testing
