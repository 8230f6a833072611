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
constexpr std::uint64_t kOperationsPerClient = 16;

struct Command {
  enum class Kind : std::uint8_t { kPut, kDelete, kGet, kForward, kBackward };
  Kind kind = Kind::kGet;
  std::uint64_t key = 0;
  std::uint64_t size = 0;

  bool writes() const { return kind == Kind::kPut || kind == Kind::kDelete; }
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
    for (std::uint64_t i = 0; i < kOperationsPerClient; ++i) {
      const bool writes = client < writers;
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
};

class World {
 public:
  explicit World(Simulation& simulation) : simulation_(simulation) {}

  // The writer holds the memtable.
  Entry Begin(const Command& command) {
    const SystemScope system;
    const std::uint64_t sequence = added_ + 1;
    const bool put = command.kind == Command::Kind::kPut;
    const auto letter = static_cast<char>('a' + sequence % 26);
    Entry entry{.sequence = sequence,
                .kind = put ? engine::ValueKind::kPut : engine::ValueKind::kDelete,
                .value = put ? Bytes(command.size, letter) : Bytes()};
    entries_[Place(KeyOf(command.key), sequence)] = entry;
    return entry;
  }
  void End() {
    const SystemScope system;
    ++added_;
    simulation_.CountOperation();
  }

  std::uint64_t added() const { return added_; }
  std::uint64_t begun() const { return entries_.size(); }

  void CheckGet(const Command& command, std::uint64_t seen,
                const std::optional<engine::VersionFound>& found) {
    const SystemScope system;
    simulation_.CountOperation();
    const Bytes key = KeyOf(command.key);
    const auto expected = entries_.lower_bound(Place(key, seen));
    const bool known = expected != entries_.end() && expected->first.first == key;
    if (known != found.has_value()) {
      Fail(found ? "wrong-entry" : "lost-entry", key, seen);
    } else if (known &&
               (found->sequence.value != expected->second.sequence ||
                found->kind != expected->second.kind || found->value != expected->second.value)) {
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
      if (key.sequence.value <= seen) ++old;
    }
    if (old != seen) Fail("lost-entry", std::to_string(old) + " entries", seen);
  }

 private:
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
  std::uint64_t added_ = 0;                // sequence numbers from 1, in this order
};

void Write(World& world, engine::Memtable& memtable, env::Mutex& writing, const Command& command) {
  const env::MutexLock lock(writing);
  const Entry entry = world.Begin(command);
  memtable.Add(engine::SequenceNumber(entry.sequence), entry.kind, KeyOf(command.key), entry.value);
  world.End();
}

void Read(World& world, const engine::Memtable& memtable, const Command& command) {
  const std::uint64_t seen = world.added();
  if (command.kind == Command::Kind::kGet) {
    const auto found = memtable.Get(KeyOf(command.key), engine::SequenceNumber(seen));
    return world.CheckGet(command, seen, found);
  }
  const bool forward = command.kind == Command::Kind::kForward;
  std::vector<std::pair<Bytes, Bytes>> walked;
  const std::unique_ptr<engine::Iterator> iterator = memtable.NewIterator();
  forward ? iterator->SeekToFirst() : iterator->SeekToLast();
  while (iterator->Valid()) {
    walked.emplace_back(iterator->key(), iterator->value());
    forward ? iterator->Next() : iterator->Previous();
  }
  BEACH_SOMETIMES("memtable.walked_while_written", world.added() > seen || world.begun() > seen);
  world.CheckWalk(walked, forward, seen);
}

// The process.
void Serve(World& world, const Work& work, engine::MemtableKind kind) {
  // Small, so that keys share the buckets of a hash.
  const auto memtable = std::make_unique<engine::Memtable>(kind, engine::kKiB);
  env::Mutex writing;
  std::vector<env::Thread> threads;
  for (std::size_t client = 0; client < work.size(); ++client) {
    const std::string name = "client " + std::to_string(client);
    threads.emplace_back(name.c_str(), [&, client] {
      for (const Command& command : work[client]) {
        if (command.writes()) {
          Write(world, *memtable, writing, command);
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

}  // namespace

std::string MemtableAlone::boots() const {
  return "a memtable, one or two writers that take turns and one to three readers that do not wait";
}

std::string MemtableAlone::checks() const {
  return "readers see each entry that was in before they began, whole and in order; no data race";
}

void MemtableAlone::Run(Simulation& simulation) const {
  RandomStream drawn = simulation.Stream("memtable.clients");
  const std::uint64_t writers = drawn.Between(1, 2);
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
  RandomStream kinds = simulation.Stream("memtable.kind");
  const std::uint64_t drawn_kind = kinds.Below(engine::kMemtableKinds);
  const auto kind = static_cast<engine::MemtableKind>(
      std::min(simulation.Option("memtable_kind", drawn_kind), engine::kMemtableKinds - 1));
  const HostId host = simulation.AddHost("host");
  const ProcessId process =
      simulation.Start(host, "memtable", [&](const env::Env&) { Serve(world, work, kind); });
  simulation.Wait(process);
}

}  // namespace beach::sim::scenarios
