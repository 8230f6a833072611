// SPDX-License-Identifier: Apache-2.0
#include "raft/testing/random_cluster.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <string>

// Random clusters under every fault at once, each judged by testing/history.h and healed at its
// end.
//   RAFT_SEED=17 raft_random_test      one seed, with what happened
//   RAFT_SEEDS=100000 raft_random_test  many

namespace beach::raft::testing {
namespace {

#ifdef __SANITIZE_ADDRESS__
constexpr std::uint64_t kSeeds = 300;  // each takes many times as long
#else
constexpr std::uint64_t kSeeds = 3000;
#endif

volatile std::uint64_t current_seed = 0;

// A failed check stops the process: the seed is what is needed to see it again.
void PrintSeed(int) {
  char text[] = "seed 00000000000000000000\n";
  std::uint64_t rest = current_seed;
  for (int i = 24; i >= 5; --i, rest /= 10) text[i] = static_cast<char>('0' + rest % 10);
  const auto ignored = ::write(2, text, sizeof text - 1);
  static_cast<void>(ignored);
  std::signal(SIGABRT, SIG_DFL);
}

std::uint64_t FromEnvironment(const char* name, std::uint64_t otherwise) {
  const char* const text = std::getenv(name);
  return text == nullptr ? otherwise : std::strtoull(text, nullptr, 10);
}

TEST(RandomCluster, KeepsItsPropertiesUnderFaultsAndServesOnceHealed) {
  std::signal(SIGABRT, PrintSeed);
  const char* const only = std::getenv("RAFT_SEED");
  const std::uint64_t first = FromEnvironment("RAFT_SEED", FromEnvironment("RAFT_FIRST", 1));
  const std::uint64_t count = only != nullptr ? 1 : FromEnvironment("RAFT_SEEDS", kSeeds);
  RandomCluster::Counts total;
  for (std::uint64_t seed = first; seed < first + count; ++seed) {
    current_seed = seed;
    RandomCluster cluster(seed, only != nullptr);
    const std::string broken = cluster.Run();
    ASSERT_EQ(broken, "") << "seed " << seed << ", the " << seed - first + 1 << "th";
    total.Add(cluster.counts());
  }
  std::signal(SIGABRT, SIG_DFL);
  std::printf("%s\n", total.Text().c_str());
  // A test that never reaches what it is about shows nothing.
  if (count < 100) return;
  EXPECT_GT(total.committed, count * 10);
  EXPECT_GT(total.leaders, count * 2);
  EXPECT_GT(total.reads, count);
  EXPECT_GT(total.snapshots, count / 20);
  EXPECT_GT(total.truncations, count / 20);
  EXPECT_GT(total.configurations, count / 5);
  EXPECT_GT(total.lease_reads, count / 20);
  EXPECT_GT(total.transfers, count / 20);
}

}  // namespace
}  // namespace beach::raft::testing
