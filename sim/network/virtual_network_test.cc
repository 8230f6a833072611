// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <utility>

#include "base/check.h"
#include "env/loop.h"
#include "sim/decisions.h"
#include "sim/kernel/test_scenario.h"
#include "sim/network/links.h"

// The network between hosts, through the loops of their processes: what conformance cannot reach,
// since it takes two machines, or somebody who cuts the ways between them.

namespace beach::sim {
namespace {

using env::CloseReason;
using env::Connection;
using env::Loop;

constexpr std::uint64_t kMillisecond = 1'000'000;
constexpr std::uint64_t kSecond = 1'000 * kMillisecond;
constexpr const char* kServer = "b:7000";

std::string Pattern(std::size_t length) {
  std::string text(length, '\0');
  for (std::size_t i = 0; i < length; ++i) text[i] = static_cast<char>('a' + i * 7 % 23);
  return text;
}

// What a client has seen. It stands in the harness; nothing here allocates.
struct Seen {
  bool open = false;
  bool sent = false;
  std::uint64_t bytes = 0;
  std::uint64_t wrong_bits = 0;  // against the pattern
  std::uint64_t first_ns = 0;    // when the first byte came
  std::uint64_t last_ns = 0;
  bool closed = false;
  CloseReason reason{};
  std::uint64_t closed_ns = 0;
};

// Sends back what it gets, until it dies or is told "!".
void Echo(const env::Env& env) {
  auto loop = *env.network->NewLoop();
  std::unique_ptr<Connection> peer;
  auto listener = loop->Listen(kServer, {}, [&](std::unique_ptr<Connection> connection) {
    peer = std::move(connection);
    Connection::Callbacks callbacks;
    callbacks.on_bytes = [&](ByteView bytes) {
      if (bytes == "!") return loop->Stop();
      static_cast<void>(peer->Send(bytes));  // one that ends takes nothing
    };
    callbacks.on_closed = [](const env::Closed&) {};
    return callbacks;
  });
  BEACH_CHECK(listener.has_value());
  loop->Run();
  peer.reset();
}

struct ClientPlan {
  std::size_t length = 1;        // 0: what stops the server
  std::uint64_t send_at_ns = 0;  // after it is open
  std::uint64_t quits_ns = 3'600 * kSecond;
};

// Connects, sends the pattern, and looks at what comes back.
void Client(const env::Env& env, const ClientPlan& plan, Seen& seen) {
  auto loop = *env.network->NewLoop();
  const std::string pattern = plan.length == 0 ? "!" : Pattern(plan.length);
  const std::uint64_t begin = env.clock->MonotonicNow();
  const auto now = [&] { return env.clock->MonotonicNow() - begin; };
  std::unique_ptr<Connection> connection;
  Connection::Callbacks callbacks;
  callbacks.on_open = [&] {
    seen.open = true;
    loop->At(env.clock->MonotonicNow() + plan.send_at_ns, [&] {
      if (!seen.closed) seen.sent = connection->Send(pattern);
    });
  };
  callbacks.on_bytes = [&](ByteView bytes) {
    if (seen.bytes == 0) seen.first_ns = now();
    for (const char byte : bytes) {
      const auto difference = static_cast<unsigned char>(byte ^ pattern[seen.bytes++]);
      for (unsigned bits = difference; bits != 0; bits &= bits - 1) ++seen.wrong_bits;
    }
    seen.last_ns = now();
    if (seen.bytes == pattern.size()) loop->Stop();
  };
  callbacks.on_closed = [&](const env::Closed& closed) {
    seen.closed = true;
    seen.reason = closed.reason;
    seen.closed_ns = now();
    loop->Stop();
  };
  connection = loop->Connect(kServer, {.send_queue_max_bytes = std::uint64_t{1} << 24},
                             std::move(callbacks));
  loop->At(begin + plan.quits_ns, [&] { loop->Stop(); });
  loop->Run();
  connection.reset();
}

struct World {
  Simulation& simulation;
  HostId a;
  HostId b;
  ProcessId server;
  ProcessId client;
};

// Runs a client on "a" against a server on "b"; `middle` is what the harness does meanwhile, and
// then waits for the client.
RunReport RunPair(const ClientPlan& plan, Seen& seen, const std::function<void(World&)>& middle,
                  const RunOptions& options = {}) {
  return RunBody(
      [&](Simulation& simulation) {
        World world{.simulation = simulation,
                    .a = simulation.AddHost("a"),
                    .b = simulation.AddHost("b"),
                    .server = {},
                    .client = {}};
        world.server = simulation.Start(world.b, "server", Echo);
        simulation.SleepFor(kMillisecond);
        world.client = simulation.Start(
            world.a, "client", [&plan, &seen](const env::Env& env) { Client(env, plan, seen); });
        middle(world);
        simulation.Wait(world.client);
        simulation.Kill(world.server);
      },
      options);
}

void ExpectOk(const RunReport& report) {
  EXPECT_EQ(report.verdict.signature, "ok") << report.verdict.message;
}

const auto kNothing = [](World&) {};

TEST(VirtualNetwork, BytesComeBackWhole) {
  for (std::uint64_t seed = 1; seed <= 20; ++seed) {
    RunOptions options;
    options.seed = seed;
    options.policy = seed % 2 == 0 ? Policy::kRandom : Policy::kPct;
    Seen seen;
    ExpectOk(RunPair({.length = 300'000}, seen, kNothing, options));
    EXPECT_EQ(seen.bytes, 300'000U) << "seed " << seed;
    EXPECT_EQ(seen.wrong_bits, 0U);
  }
}

TEST(VirtualNetwork, AKilledPeerIsToldOfAtOnce) {
  Seen seen;
  ExpectOk(RunPair({.send_at_ns = 100 * kSecond}, seen, [](World& world) {
    world.simulation.SleepFor(10 * kSecond);
    world.simulation.Kill(world.server);
  }));
  EXPECT_TRUE(seen.closed);
  EXPECT_EQ(seen.reason, CloseReason::kPeer);
  EXPECT_LT(seen.closed_ns, 11 * kSecond);
}

TEST(VirtualNetwork, APeerWithoutPowerIsSilentUntilSomebodySends) {
  Seen seen;
  ExpectOk(RunPair({.send_at_ns = 100 * kSecond}, seen, [](World& world) {
    world.simulation.SleepFor(10 * kSecond);
    world.simulation.PowerLoss(world.b);
    world.simulation.SleepFor(5 * kSecond);
    world.server = world.simulation.Start(world.b, "server", Echo);
  }));
  EXPECT_TRUE(seen.closed);
  EXPECT_EQ(seen.reason, CloseReason::kReset);
  EXPECT_GE(seen.closed_ns, 100 * kSecond);
  EXPECT_LT(seen.closed_ns, 101 * kSecond);
}

TEST(VirtualNetwork, AWaitForAHostWithoutPowerEnds) {
  Seen seen;
  ExpectOk(RunPair({.send_at_ns = 100 * kSecond}, seen, [](World& world) {
    world.simulation.SleepFor(10 * kSecond);
    world.simulation.PowerLoss(world.b);
  }));
  EXPECT_TRUE(seen.closed);
  EXPECT_EQ(seen.reason, CloseReason::kReset);
  EXPECT_GE(seen.closed_ns, 104 * kSecond);
}

TEST(VirtualNetwork, WhatACutHoldsBackComesWhenItIsWhole) {
  Seen seen;
  ExpectOk(RunPair({.length = 1'000, .send_at_ns = kSecond}, seen, [](World& world) {
    world.simulation.SleepFor(kSecond / 2);
    world.simulation.links().Cut(world.a, world.b);
    world.simulation.SleepFor(3 * kSecond);
    world.simulation.links().Heal(world.a, world.b);
  }));
  EXPECT_FALSE(seen.closed);
  EXPECT_EQ(seen.bytes, 1'000U);
  EXPECT_GE(seen.first_ns, 3 * kSecond + kSecond / 2);
  EXPECT_LT(seen.last_ns, 6 * kSecond);
}

// The server gets the byte, and its answer does not come through.
TEST(VirtualNetwork, ACutOfOneDirectionLeavesTheOther) {
  Seen seen;
  ProcessEnd server = ProcessEnd::kKilled;
  const RunReport report = RunPair({.length = 0, .send_at_ns = kSecond, .quits_ns = 9 * kSecond},
                                   seen, [&server](World& world) {
                                     world.simulation.SleepFor(kSecond / 2);
                                     world.simulation.links().Cut(world.b, world.a);
                                     server = world.simulation.Wait(world.server);
                                   });
  ExpectOk(report);
  EXPECT_EQ(server, ProcessEnd::kExited);
  EXPECT_TRUE(seen.open);
  EXPECT_FALSE(seen.closed);
}

TEST(VirtualNetwork, ANarrowWayTakesItsTime) {
  Seen seen;
  ExpectOk(RunPair({.length = 10'000}, seen, [](World& world) {
    world.simulation.links().SetBandwidth(world.a, world.b, 10);
  }));
  EXPECT_EQ(seen.bytes, 10'000U);
  EXPECT_GE(seen.last_ns, 990 * kMillisecond);
}

TEST(VirtualNetwork, AFarWayTakesItsTime) {
  Seen seen;
  ExpectOk(RunPair({}, seen, [](World& world) {
    world.simulation.links().SetLatency(world.b, world.a, 2 * kSecond, 2 * kSecond);
  }));
  EXPECT_GE(seen.first_ns, 4 * kSecond);  // the answer to the opening, and to the byte
}

struct FaultCase {
  Site site;
  CloseReason reason;
  bool opens;
};

TEST(VirtualNetwork, BrokenConnectionsAreToldOf) {
  constexpr FaultCase kCases[] = {
      {"net.reset", CloseReason::kReset, true},
      {"net.half_open", CloseReason::kReset, true},
      {"net.connect_hangs", CloseReason::kConnectFailed, false},
      {"net.connect_refused", CloseReason::kConnectFailed, false},
  };
  for (const FaultCase& fault : kCases) {
    Seen seen;
    const RunReport report =
        RunPair({.length = 5'000, .send_at_ns = kSecond}, seen,
                [&fault](World& world) { world.simulation.SetFault(fault.site, 1'000'000); });
    ExpectOk(report);
    EXPECT_TRUE(seen.closed) << fault.site.name;
    EXPECT_EQ(seen.reason, fault.reason) << fault.site.name;
    EXPECT_EQ(seen.open, fault.opens) << fault.site.name;
    EXPECT_EQ(seen.wrong_bits, 0U) << fault.site.name;
    EXPECT_GE(report.faults.at(fault.site.name), 1U);
  }
}

TEST(VirtualNetwork, LateBytesAreTheSameBytes) {
  constexpr Site kSites[] = {"net.delay", "net.loss"};
  for (const Site site : kSites) {
    Seen seen;
    const RunReport report = RunPair({.length = 5'000}, seen, [&site](World& world) {
      world.simulation.SetFault(site, 1'000'000);
    });
    ExpectOk(report);
    EXPECT_EQ(seen.bytes, 5'000U);
    EXPECT_EQ(seen.wrong_bits, 0U);
    EXPECT_GE(seen.last_ns, 2 * kMillisecond);
    EXPECT_GE(report.faults.at(site.name), 2U);
  }
}

TEST(VirtualNetwork, ABitFlipsForEachTimeThatItStrikes) {
  Seen seen;
  const RunReport report = RunPair({.length = 5'000}, seen, [](World& world) {
    world.simulation.SetFault("net.bit_flip", 1'000'000);
  });
  ExpectOk(report);
  EXPECT_EQ(seen.bytes, 5'000U);
  EXPECT_GT(seen.wrong_bits, 0U);
  EXPECT_EQ(seen.wrong_bits % 2, report.faults.at("net.bit_flip") % 2);
}

// All of it at once, and strikes in the middle.
RunReport RunStorm(std::uint64_t seed, std::uint64_t salt) {
  Seen seen;
  RunOptions options;
  options.seed = seed;
  options.address_salt = salt;
  return RunPair(
      {.length = 200'000, .quits_ns = 60 * kSecond}, seen,
      [&](World& world) {
        for (const Site site : {Site("net.delay"), Site("net.loss"), Site("net.reset"),
                                Site("net.half_open"), Site("net.bit_flip")}) {
          world.simulation.SetFault(site, 20'000);
        }
        const Strike strike = seed % 2 == 0 ? Strike::kKill : Strike::kPowerLoss;
        world.simulation.ArmStrike(seed % 3 == 0 ? world.a : world.b, strike, 1 + seed / 4);
        for (int i = 0; i < 5; ++i) {
          world.simulation.links().Cut(world.b, world.a);
          world.simulation.SleepFor(kSecond);
          world.simulation.links().HealAll();
          world.simulation.SleepFor(kSecond);
        }
      },
      options);
}

TEST(VirtualNetwork, EqualSeedsGiveEqualRuns) {
  std::uint64_t struck = 0;
  for (std::uint64_t seed = 1; seed <= 60; ++seed) {
    const RunReport first = RunStorm(seed, 0);
    const RunReport second = RunStorm(seed, 77);
    ExpectOk(first);
    EXPECT_EQ(first.hash, second.hash) << "seed " << seed;
    if (!first.strikes.empty()) ++struck;
  }
  EXPECT_GT(struck, 5U);
}

}  // namespace
}  // namespace beach::sim
