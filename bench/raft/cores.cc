// SPDX-License-Identifier: Apache-2.0
#include "bench/raft/cores.h"

#include <algorithm>
#include <utility>

#include "base/check.h"
#include "bench/machine.h"

namespace beach::bench {
namespace {

using raft::LogIndex;
using raft::NodeId;

constexpr std::uint64_t kDroppedEvery = 1024;  // entries, and half as many are kept

std::uint64_t CostOfAClock() {
  constexpr std::uint64_t kReads = 10'000;
  const std::uint64_t begin = NowNs();
  for (std::uint64_t i = 0; i < kReads; ++i) static_cast<void>(NowNs());
  return (NowNs() - begin) / kReads;
}

}  // namespace

const char* NameOf(Phase phase) {
  switch (phase) {
    case Phase::kPropose: return "propose";
    case Phase::kOutput: return "output";
    case Phase::kStep: return "step";
    case Phase::kPersist: return "persist";
    case Phase::kApply: return "apply";
  }
  return "?";
}

Cores::Cores(std::uint64_t nodes) : clock_ns_(CostOfAClock()) {
  raft::Restored restored;
  for (std::uint64_t i = 1; i <= nodes; ++i) restored.configuration.voters.emplace_back(i);
  raft::Options options;
  options.tail_bytes_max = std::uint64_t{1} << 20;
  for (std::uint64_t i = 1; i <= nodes; ++i) {
    options.id = NodeId(i);
    options.random_key = i;
    cores_.push_back(std::make_unique<raft::Core>(options, restored, 0));
  }
  now_ns_ = leader().NextDeadlineNs();
  leader().Tick(now_ns_);
  Settle();
  BEACH_CHECK(leader().role() == raft::Role::kLeader);
}

template <class Call>
void Cores::Timed(Phase phase, Call call) {
  if (!timed_) return call();
  const auto place = static_cast<std::size_t>(phase);
  const std::uint64_t begin = NowNs();
  call();
  const std::uint64_t took = NowNs() - begin;
  costs_.phase_ns[place] += took - std::min(took, clock_ns_);
  ++costs_.phase_calls[place];
}

bool Cores::Pump(std::size_t place) {
  raft::Core& core = *cores_[place];
  Timed(Phase::kOutput, [&] { core.TakeOutput(now_ns_, output_); });
  const bool persists = output_.persist.id != raft::PersistId{};
  if (persists) Timed(Phase::kPersist, [&] { core.Persisted(now_ns_, output_.persist.id); });
  if (!output_.apply.empty()) {
    const LogIndex applied = output_.apply.back().index;
    Timed(Phase::kApply, [&] {
      core.Applied(now_ns_, applied);
      if (applied.value % kDroppedEvery == 0) core.Compacted(applied - kDroppedEvery / 2);
    });
  }
  for (raft::Message& message : output_.messages) {
    ++costs_.messages;
    raft::Core& to = *cores_[message.to.value - 1];
    Timed(Phase::kStep, [&] { to.Step(now_ns_, std::move(message)); });
  }
  return persists || !output_.messages.empty() || !output_.apply.empty();
}

void Cores::Settle() {
  for (bool busy = true; busy;) {
    busy = false;
    for (std::size_t place = 0; place < cores_.size(); ++place) busy = Pump(place) || busy;
  }
}

CoreCosts Cores::Replicate(std::uint64_t entries, std::uint64_t bytes, std::uint64_t batch,
                           bool timed) {
  const Bytes payload(bytes, 'x');
  const LogIndex before = leader().log().last();
  costs_ = {};
  timed_ = timed;
  const std::uint64_t begin = NowNs();
  while (costs_.entries < entries) {
    const std::uint64_t count = std::min(batch, entries - costs_.entries);
    for (std::uint64_t i = 0; i < count; ++i) {
      Timed(Phase::kPropose, [&] {
        const auto proposed =
            leader().Propose(now_ns_, raft::Payload::Copy(payload), raft::RequestId(1));
        BEACH_CHECK(proposed.has_value());
      });
    }
    costs_.entries += count;
    Settle();
  }
  costs_.wall_ns = NowNs() - begin;
  for (const auto& core : cores_) BEACH_CHECK(leader().commit() >= core->applied());
  BEACH_CHECK_EQ(leader().applied().value, before.value + entries);
  return std::exchange(costs_, {});
}

CoreCosts Cores::Heartbeats(std::uint64_t rounds) {
  costs_ = {};
  timed_ = false;
  const std::uint64_t begin = NowNs();
  for (std::uint64_t i = 0; i < rounds; ++i) {
    now_ns_ = leader().NextDeadlineNs();
    leader().Tick(now_ns_);
    Settle();
  }
  costs_.wall_ns = NowNs() - begin;
  return std::exchange(costs_, {});
}

}  // namespace beach::bench
