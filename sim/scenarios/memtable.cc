// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/memtable.h"

#include <algorithm>
#include <charconv>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "engine/internal_key.h"
#include "engine/memtable/memtable.h"
#include "engine/options.h"
#include "env/marks.h"
#include "env/threads.h"
#include "sim/simulation.h"
#include "sim/system_scope.h"

namespace beach::sim::scenarios {
namespace {

constexpr std::uint64_t kKeyMax = 24;
constexpr std::uint64_t kSizeMax = 64;
constexpr std::uint64_t kClientsMax = 8;
constexpr std::uint64_t kOperationsPerReader = 16;
constexpr std::uint64_t kOperationsPerWriter = 32;  // so that nodes of a tree are split

struct Command {
  enum class Kind : std::uint8_t { kPut, kDelete, kGet, kForward, kBackward };
  Kind kind = Kind::kGet;
  std::uint64_t key = 0;
  std::uint64_t size = 0;

  bool writes() const { return kind == Kind::kPut || kind == Kind::kDelete; }
};

struct Plan {
  engine::MemtableKind kind = engine::MemtableKind::kSkipList;
  bool writers_at_once = false;
};

// By client.
using Work = std::vector<std::vector<Command>>;

constexpr std::pair<std::string_view, Command::Kind> kKinds[] = {
    {"put", Command::Kind::kPut},
    {"delete", Command::Kind::kDelete},
    {"get", Command::Kind::kGet},
    {"forward", Command::Kind::kForward},
    {"backward", Command::Kind::kBackward}};

// The first clients write, the rest read. Arguments: the key's number and the value's size, of
// those that have one.
std::vector<artifacts::Operation> MakeWorkload(std::uint64_t writers, std::uint64_t readers,
                                               RandomStream stream) {
  std::vector<artifacts::Operation> operations;
  std::uint64_t id = 0;
  for (std::uint64_t client = 0; client < writers + readers; ++client) {
    const bool writes = client < writers;
    for (std::uint64_t i = 0; i < (writes ? kOperationsPerWriter : kOperationsPerReader); ++i) {
      const std::uint64_t choice = stream.Below(8);
      const std::uint64_t kind =
          writes ? std::uint64_t{choice == 0} : 2 + std::min(choice / 2, 2UL);
      const std::uint64_t key = stream.Below(kKeyMax + 1);
      const std::uint64_t size = stream.Below(kSizeMax + 1);
      operations.push_back({.id = ++id,
                            .life = 0,
                            .client = client,
                            .kind = std::string(kKinds[kind].first),
                            .arguments = {std::to_string(key), std::to_string(size)}});
    }
  }
  return operations;
}

std::optional<std::uint64_t> ParseNumber(std::string_view text, std::uint64_t maximum) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value > maximum) return std::nullopt;
  return value;
}

std::optional<Command> Parse(const artifacts::Operation& operation) {
  if (operation.client >= kClientsMax || operation.arguments.size() != 2) return std::nullopt;
  const auto* const kind = std::ranges::find_if(
      kKinds, [&](const auto& known) { return known.first == operation.kind; });
  const auto key = ParseNumber(operation.arguments[0], kKeyMax);
  const auto size = ParseNumber(operation.arguments[1], kSizeMax);
  if (kind == std::end(kKinds) || !key || !size) return std::nullopt;
  return Command{.kind = kind->second, .key = *key, .size = *size};
}

// Of different lengths, some the beginning of others, one empty.
Bytes KeyOf(std::uint64_t number) {
  return Bytes(number / 3, 'k') + Bytes(number % 3, static_cast<char>('a' + number % 5));
}

// What was or is being added, in the order of internal keys; the simulation's memory.
struct Entry {
  std::uint64_t sequence = 0;
  engine::ValueKind kind = engine::ValueKind::kPut;
  Bytes value;
  std::uint64_t added = 0;  // how many were in with it; 0 while it is being added
};

class World {
 public:
  explicit World(Simulation& simulation) : simulation_(simulation) {}

  // A copy: other writers may go on meanwhile.
  Entry Begin(const Command& command) {
    const SystemScope system;
    const std::uint64_t sequence = entries_.size() + 1;
    const bool put = command.kind == Command::Kind::kPut;
    const auto letter = static_cast<char>('a' + sequence % 26);
    Entry entry{.sequence = sequence,
                .kind = put ? engine::ValueKind::kPut : engine::ValueKind::kDelete,
                .value = put ? Bytes(command.size, letter) : Bytes()};
    entries_[Place(KeyOf(command.key), sequence)] = entry;
    return entry;
  }
  void End(const Command& command, std::uint64_t sequence) {
    const SystemScope system;
    entries_[Place(KeyOf(command.key), sequence)].added = ++added_;
    simulation_.CountOperation();
  }

  std::uint64_t added() const { return added_; }
  std::uint64_t begun() const { return entries_.size(); }

  // A get at sequence number `limit`, which began when `seen` entries were in: the newest of them,
  // or one that was added meanwhile.
  void CheckGet(const Command& command, std::uint64_t limit, std::uint64_t seen,
                const std::optional<engine::VersionFound>& found) {
    const SystemScope system;
    simulation_.CountOperation();
    const Bytes key = KeyOf(command.key);
    std::uint64_t least = 0;
    auto entry = entries_.lower_bound(Place(key, limit));
    for (; entry != entries_.end() && entry->first.first == key && least == 0; ++entry) {
      if (IsOf(entry->second, seen)) least = entry->second.sequence;
    }
    if (!found) {
      if (least != 0) Fail("lost-entry", key, seen);
      return;
    }
    if (found->sequence.value < least) Fail("lost-entry", key, seen);
    const auto known = entries_.find(Place(key, found->sequence.value));
    if (found->sequence.value > limit || known == entries_.end() ||
        known->second.kind != found->kind || known->second.value != found->value) {
      Fail("wrong-entry", key, seen);
    }
  }

  // `walked`: internal keys with their values, in the order in which they came.
  void CheckWalk(std::vector<std::pair<Bytes, Bytes>>& walked, bool forward, std::uint64_t seen) {
    const SystemScope system;
    simulation_.CountOperation();
    std::uint64_t old = 0;
    const engine::InternalKey* before = nullptr;
    std::vector<engine::InternalKey> keys(walked.size());
    for (std::size_t i = 0; i < walked.size(); ++i) {
      engine::InternalKey& key = keys[i];
      if (!engine::ParseInternalKey(walked[i].first, key)) Fail("wrong-entry", "?", seen);
      const auto place = Place(Bytes(key.user_key), key.sequence.value);
      const auto known = entries_.find(place);
      if (known == entries_.end() || known->second.kind != key.kind ||
          known->second.value != walked[i].second) {
        Fail("wrong-entry", place.first, seen);
      }
      if (before != nullptr) {
        const auto last = Place(Bytes(before->user_key), before->sequence.value);
        if (forward ? place <= last : last <= place) Fail("wrong-order", place.first, seen);
      }
      before = &key;
      if (IsOf(known->second, seen)) ++old;
    }
    if (old != seen) Fail("lost-entry", std::to_string(old) + " entries", seen);
  }

 private:
  static bool IsOf(const Entry& entry, std::uint64_t seen) {
    return entry.added != 0 && entry.added <= seen;
  }

  // In the order of internal keys: newer versions first.
  using PlaceInOrder = std::pair<Bytes, std::uint64_t>;
  static PlaceInOrder Place(Bytes key, std::uint64_t sequence) {
    return {std::move(key), ~sequence};
  }

  void Fail(const std::string& rule, const Bytes& key, std::uint64_t seen) {
    simulation_.Fail(rule,
                     "a reader that began after " + std::to_string(seen) + " entries: " + key);
  }

  Simulation& simulation_;
  std::map<PlaceInOrder, Entry> entries_;  // begun
  std::uint64_t added_ = 0;
};

void Add(World& world, engine::Memtable& memtable, const Command& command, bool at_once) {
  const Entry entry = world.Begin(command);
  const engine::SequenceNumber sequence(entry.sequence);
  if (at_once) {
    memtable.AddConcurrently(sequence, entry.kind, KeyOf(command.key), entry.value);
  } else {
    memtable.Add(sequence, entry.kind, KeyOf(command.key), entry.value);
  }
  world.End(command, entry.sequence);
}

void Read(World& world, const engine::Memtable& memtable, const Command& command) {
  const std::uint64_t seen = world.added();
  const std::uint64_t begun = world.begun();
  if (command.kind == Command::Kind::kGet) {
    const auto found = memtable.Get(KeyOf(command.key), engine::SequenceNumber(begun));
    return world.CheckGet(command, begun, seen, found);
  }
  const bool forward = command.kind == Command::Kind::kForward;
  std::vector<std::pair<Bytes, Bytes>> walked;
  const std::unique_ptr<engine::Iterator> iterator = memtable.NewIterator();
  forward ? iterator->SeekToFirst() : iterator->SeekToLast();
  while (iterator->Valid()) {
    walked.emplace_back(iterator->key(), iterator->value());
    forward ? iterator->Next() : iterator->Previous();
  }
  BEACH_SOMETIMES("memtable.walked_while_written", world.added() > seen || begun > seen);
  world.CheckWalk(walked, forward, seen);
}

// The process.
void Serve(World& world, const Work& work, const Plan& plan) {
  // Small, so that keys share the buckets of a hash.
  const auto memtable = std::make_unique<engine::Memtable>(plan.kind, engine::kKiB);
  env::Mutex writing;
  std::vector<env::Thread> threads;
  for (std::size_t client = 0; client < work.size(); ++client) {
    const std::string name = "client " + std::to_string(client);
    threads.emplace_back(name.c_str(), [&, client] {
      for (const Command& command : work[client]) {
        if (command.writes() && plan.writers_at_once) {
          Add(world, *memtable, command, true);
        } else if (command.writes()) {
          const env::MutexLock lock(writing);
          Add(world, *memtable, command, false);
        } else {
          Read(world, *memtable, command);
        }
      }
    });
  }
  for (env::Thread& thread : threads) thread.Join();
  Read(world, *memtable, {.kind = Command::Kind::kForward});
  Read(world, *memtable, {.kind = Command::Kind::kBackward});
}

Plan MakePlan(Simulation& simulation) {
  RandomStream stream = simulation.Stream("memtable.kind");
  const std::uint64_t kind =
      simulation.Option("memtable_kind", stream.Below(engine::kMemtableKinds));
  Plan plan;
  plan.kind = static_cast<engine::MemtableKind>(std::min(kind, engine::kMemtableKinds - 1));
  const std::uint64_t at_once = simulation.Option("writers_at_once", stream.Below(2));
  plan.writers_at_once = at_once != 0 && plan.kind == engine::MemtableKind::kSkipList;
  return plan;
}

}  // namespace

std::string MemtableAlone::boots() const {
  return "a memtable of any kind, one to three writers, in turns or at once, and one to three "
         "readers "
         "that do not wait";
}

std::string MemtableAlone::checks() const {
  return "readers see each entry that was in before they began, whole and in order; no data race";
}

void MemtableAlone::Run(Simulation& simulation) const {
  RandomStream drawn = simulation.Stream("memtable.clients");
  const std::uint64_t writers = drawn.Between(1, 3);
  const std::uint64_t readers = drawn.Between(1, 3);
  World world(simulation);
  Work work(kClientsMax);
  for (const artifacts::Operation& operation : simulation.Workload(
           MakeWorkload(writers, readers, simulation.Stream("memtable.workload")))) {
    const std::optional<Command> command = Parse(operation);
    if (!command) {
      simulation.Fail("bad-workload",
                      "operation " + std::to_string(operation.id) + " is not one of this scenario");
    }
    work[operation.client].push_back(*command);
  }
  const Plan plan = MakePlan(simulation);
  const HostId host = simulation.AddHost("host");
  const ProcessId process =
      simulation.Start(host, "memtable", [&](const env::Env&) { Serve(world, work, plan); });
  simulation.Wait(process);
}

}  // namespace beach::sim::scenarios
