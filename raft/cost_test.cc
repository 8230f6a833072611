// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <memory>
#include <utility>
#include <vector>

#include "raft/core.h"

// What consensus costs a processor, without disk and network: three cores that hand each other
// their messages. Run by hand: BEACH_MEASURE=1 prints it.

namespace beach::raft {
namespace {

class Trio {
 public:
  Trio() {
    Restored restored;
    for (std::uint64_t i = 1; i <= 3; ++i) restored.configuration.voters.emplace_back(i);
    Options options;
    options.tail_bytes_max = 1 << 20;
    for (std::uint64_t i = 1; i <= 3; ++i) {
      options.id = NodeId(i);
      options.random_key = i;
      cores_.push_back(std::make_unique<Core>(options, restored, 0));
    }
    now_ns_ = leader().NextDeadlineNs();
    leader().Tick(now_ns_);
    Settle();
  }
  Core& leader() { return *cores_[0]; }
  std::uint64_t now_ns() const { return now_ns_; }
  std::uint64_t messages() const { return messages_; }

  void Beat() {
    now_ns_ = leader().NextDeadlineNs();
    leader().Tick(now_ns_);
  }
  void Settle() {
    for (bool busy = true; busy;) {
      busy = false;
      for (std::size_t i = 0; i < 3; ++i) busy = Pump(i) || busy;
    }
  }

 private:
  bool Pump(std::size_t place) {
    Core& core = *cores_[place];
    core.TakeOutput(now_ns_, output_);
    const bool persists = output_.persist.id != PersistId{};
    if (persists) core.Persisted(now_ns_, output_.persist.id);
    if (!output_.apply.empty()) {
      const LogIndex applied = output_.apply.back().index;
      core.Applied(now_ns_, applied);
      if (applied.value % 1024 == 0) core.Compacted(applied - 512);
    }
    for (Message& message : output_.messages) {
      ++messages_;
      const std::size_t to = message.to.value - 1;
      cores_[to]->Step(now_ns_, std::move(message));
    }
    return persists || !output_.messages.empty() || !output_.apply.empty();
  }

  std::vector<std::unique_ptr<Core>> cores_;
  Output output_;
  std::uint64_t now_ns_ = 0;
  std::uint64_t messages_ = 0;
};

// Entries of 100 bytes, `batch` of them proposed before each look at the output.
void Replicate(const char* name, std::uint64_t batch, std::uint64_t entries) {
  Trio trio;
  const Bytes payload(100, 'x');
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t done = 0; done < entries; done += batch) {
    for (std::uint64_t i = 0; i < batch; ++i) {
      ASSERT_TRUE(trio.leader().Propose(trio.now_ns(), Payload::Copy(payload), RequestId(1)));
    }
    trio.Settle();
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(trio.leader().commit().value, entries + 1);
  if (std::getenv("BEACH_MEASURE") == nullptr) return;
  std::printf(
      "%s: %.0f ns an entry on three nodes, %.1f million messages/s, %.2f messages an entry\n",
      name, took.count() / static_cast<double>(entries),
      static_cast<double>(trio.messages()) / took.count() * 1e3,
      static_cast<double>(trio.messages()) / static_cast<double>(entries));
}

std::uint64_t Times() { return std::getenv("BEACH_MEASURE") == nullptr ? 1 : 100; }

TEST(Cost, OfAnEntryByItself) { Replicate("one by one", 1, 4096 * Times()); }
TEST(Cost, OfAnEntryAmongMany) { Replicate("64 together", 64, 4096 * Times()); }

TEST(Cost, OfAHeartbeat) {
  Trio trio;
  const std::uint64_t before = trio.messages();
  const std::uint64_t rounds = 4096 * Times();
  const auto begin = std::chrono::steady_clock::now();
  for (std::uint64_t i = 0; i < rounds; ++i) {
    trio.Beat();
    trio.Settle();
  }
  const std::chrono::duration<double, std::nano> took = std::chrono::steady_clock::now() - begin;
  EXPECT_EQ(trio.messages() - before, rounds * 4);
  if (std::getenv("BEACH_MEASURE") == nullptr) return;
  std::printf("heartbeats: %.1f million messages/s\n",
              static_cast<double>(rounds * 4) / took.count() * 1e3);
}

}  // namespace
}  // namespace beach::raft
