// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "artifacts/artifact.h"
#include "sim/decisions.h"
#include "sim/kernel/hash_table.h"
#include "sim/kernel/sim_thread.h"

namespace beach::sim {

class Scheduler;

// The random choices of one run, and the record of those that did something.
class DecisionMaker final : public Decisions {
 public:
  // With `replay`, its decisions replace the drawn ones entirely: what it does not name does not
  // strike. Borrowed, like the scheduler, which tells who runs now.
  DecisionMaker(std::uint64_t seed, const artifacts::Artifact* replay, Scheduler& scheduler);

  std::uint64_t Draw(Site site) override;
  std::uint64_t Fault(Site site, std::uint64_t outcomes) override;
  std::uint64_t Choose(Site site, std::uint64_t bound) override;

  bool Buggify(Site site);
  void Sometimes(Site site);
  void SetFault(Site site, std::uint64_t per_million);
  // A fault that the scenario itself made.
  void CountFault(Site site);

  std::vector<artifacts::Decision> Recorded() const;
  std::map<std::string, std::uint64_t> Faults() const { return Named(faults_); }
  std::map<std::string, std::uint64_t> SometimesHits() const { return Named(sometimes_); }

 private:
  struct Use {
    const Identity* who;
    std::uint64_t number;  // from 0, of this site by this thread
    std::uint64_t value;   // the stream's
  };
  struct Taken {
    const char* site;
    const Identity* who;
    std::uint64_t use;
    std::uint64_t value;
  };
  struct Counter {
    const char* name = nullptr;
    std::uint64_t count = 0;
  };

  Use NextUse(Site site);
  // What the replay says for this use, 0 where nothing.
  std::uint64_t Replayed(Site site, const Use& use);
  void Record(Site site, const Use& use, const char* kind, std::uint64_t value);
  static void Hit(HashTable<Counter>& counters, Site site);
  static std::map<std::string, std::uint64_t> Named(const HashTable<Counter>& counters);

  const std::uint64_t seed_;
  const bool replays_;
  Scheduler& scheduler_;
  HashTable<std::uint64_t> uses_;      // (site, identity)
  HashTable<std::uint64_t> rates_;     // site to per million
  HashTable<std::uint64_t> replayed_;  // (site, identity, use)
  HashTable<Counter> faults_;
  HashTable<Counter> sometimes_;
  std::vector<Taken> taken_;
};

// The hash of a thread name on a host.
std::uint64_t IdentityHash(const std::string& host, const std::string& thread);

}  // namespace beach::sim
