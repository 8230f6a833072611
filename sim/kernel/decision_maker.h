// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "artifacts/artifact.h"
#include "sim/decisions.h"
#include "sim/kernel/hash_table.h"
#include "sim/kernel/sim_thread.h"

namespace beach::sim {

class Follower;
class RunObserver;
class Scheduler;
class Steering;

// The random choices of one run, and the record of those that did something.
class DecisionMaker final : public Decisions {
 public:
  // With `replay`, faults strike and rare branches are taken where it names them and nowhere else,
  // so that taking an entry out takes a fault out. A choice must be something: one that it does not
  // name is drawn. Borrowed, like the scheduler, which tells who runs now.
  // The follower is told of what does not fit.
  // `calm`: plain draws give the value of the least trouble.
  DecisionMaker(std::uint64_t seed, const artifacts::Artifact* replay, Scheduler& scheduler,
                Follower& follower, bool calm = false);

  std::uint64_t Draw(Site site) override;
  std::uint64_t Fault(Site site, std::uint64_t outcomes) override;
  std::uint64_t Choose(Site site, std::uint64_t bound) override;
  std::uint64_t ChooseFor(Site site, const std::string& host, std::uint64_t number,
                          std::uint64_t bound) override;
  bool Planned(Site site) const override { return planned_.Find(site.hash) != nullptr; }
  bool Off(Site site) const override { return IsOff(site.hash); }
  void CountFault(Site site) override;

  // The next fault or choice at the site, whoever asks, is this; recorded like a drawn one.
  void Force(Site site, std::uint64_t value);
  // From now on the run is without the site, rule or other member of that hash.
  void SwitchOff(std::uint64_t hash) { off_[hash] = true; }
  bool IsOff(std::uint64_t hash) const { return off_.Find(hash) != nullptr; }
  // Like Fault, for one that is to strike later: counted by CountFault when it has. Who strikes
  // asks Off.
  std::uint64_t PlanFault(Site site, std::uint64_t outcomes);
  bool Buggify(Site site);
  void Sometimes(Site site);
  void CountStrike(Site where);
  void SetFault(Site site, std::uint64_t per_million);
  std::uint64_t FaultCount(Site site) const;
  // Asks it at each draw from now on. Borrowed.
  void Steer(Steering* steering) { steering_ = steering; }
  // Whether delays of steps are given by steering, or were when the replayed run was recorded.
  bool knows_delays() const { return steering_ != nullptr || replays_delays_; }
  // The delay of that step of the thread. One that was not the drawn one is recorded.
  std::uint64_t Delay(const Identity& who, std::uint64_t step, std::uint64_t drawn);
  // Tells of each recorded decision from now on. Borrowed.
  void Observe(RunObserver* observer) { observer_ = observer; }

  std::vector<artifacts::Decision> Recorded() const;
  // On replay: how many recorded decisions were asked for again, and of how many.
  std::uint64_t followed() const { return followed_; }
  std::uint64_t to_follow() const { return replayed_.entries().size(); }
  std::map<std::string, std::uint64_t> Faults() const { return Named(faults_); }
  std::map<std::string, std::uint64_t> SometimesHits() const { return Named(sometimes_); }
  std::map<std::string, std::uint64_t> Strikes() const { return Named(strikes_); }

 private:
  struct Use {
    const Identity* who;
    std::uint64_t number;  // from 0, of this site by this thread
    std::uint64_t stream;  // StreamOf the two
  };
  struct Uses {
    std::uint64_t number = 0;
    std::uint64_t stream = 0;
  };
  struct Taken {
    const char* site;
    const Identity* who;
    std::uint64_t use;
    std::uint64_t value;
  };
  struct Followed {
    std::uint64_t value = 0;
    bool followed = false;
  };
  struct Counter {
    const char* name = nullptr;
    std::uint64_t count = 0;
  };

  Use NextUse(Site site);
  // What all values of this site by this thread have in common.
  std::uint64_t StreamOf(Site site, const Identity& who) const;
  static std::uint64_t ValueOf(const Use& use);
  // What the replay says for this use, brought to [0, max], or null. Misfits are noted.
  const std::uint64_t* Replayed(Site site, const Use& use, std::uint64_t max);
  std::uint64_t DrawFault(Site site, std::uint64_t outcomes, bool strikes_now);
  std::uint64_t ChooseAt(Site site, const Use& use, std::uint64_t bound);
  // Takes the forced value of the site, if there is one.
  std::optional<std::uint64_t> TakeForced(Site site) {
    if (forced_.empty()) [[likely]]
      return std::nullopt;
    return FindForced(site);
  }
  std::optional<std::uint64_t> FindForced(Site site);
  const Identity& Machine(const std::string& host);
  // A choice that was not recorded, or a value out of bounds.
  void Misfit();
  void Record(Site site, const Use& use, const char* kind, std::uint64_t value);
  static artifacts::Decision DecisionOf(const Taken& taken);
  static void Hit(HashTable<Counter>& counters, Site site);
  static std::map<std::string, std::uint64_t> Named(const HashTable<Counter>& counters);

  const std::uint64_t seed_;
  const bool replays_;
  const bool calm_;
  const std::uint64_t verdict_event_;  // of the replayed run
  Scheduler& scheduler_;
  Follower& follower_;
  RunObserver* observer_ = nullptr;
  Steering* steering_ = nullptr;
  bool replays_delays_ = false;
  HashTable<Uses> uses_{2048};                     // (site, identity)
  HashTable<std::uint64_t> rates_;                 // site to per million
  std::map<std::uint64_t, std::uint64_t> forced_;  // site to value
  HashTable<bool> planned_;                        // sites that have had a rate above zero
  HashTable<bool> off_;                            // what the run is without
  HashTable<Followed> replayed_;                   // (site, identity, use)
  HashTable<std::unique_ptr<Identity>> machines_;
  std::uint64_t followed_ = 0;
  HashTable<Counter> faults_;
  HashTable<Counter> sometimes_;
  HashTable<Counter> strikes_;
  std::vector<Taken> taken_;
};

// The hash of a thread name in one life of a host.
std::uint64_t IdentityHash(const std::string& host, std::uint64_t life, const std::string& thread);

}  // namespace beach::sim
