// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_backup_history.h"

#include <algorithm>
#include <iterator>

namespace beach::sim::scenarios::copies {
namespace {

struct Version {
  Bytes value;
  std::optional<std::uint64_t> expires_at;

  bool IsThere(std::uint64_t time) const { return !expires_at || time < *expires_at; }
};

// What was deleted is not there; what has expired is.
struct Contents {
  std::map<Bytes, Version> versions;
  std::uint64_t time = 0;

  void Apply(const Change& change) {
    if (change.time) {
      time = std::max(time, *change.time);
    } else if (change.value) {
      versions[change.key] = {.value = *change.value, .expires_at = change.expires_at};
    } else {
      versions.erase(change.key);
    }
  }
};

Result<Values> ReadValues(engine::Db& db, const engine::ReadOptions& options) {
  Values values;
  BEACH_TRY_ASSIGN(const auto entry, db.NewIterator(options));
  for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
    values.emplace(entry->key(), entry->value());
  }
  BEACH_TRY(entry->status());
  return values;
}

}  // namespace

Result<State> ReadState(engine::Db& db) {
  BEACH_TRY_ASSIGN(const auto snapshot, db.GetSnapshot());
  State state{.values = {}, .later = {}, .time = snapshot->time()};
  engine::ReadOptions options{.snapshot = snapshot.get()};
  BEACH_TRY_ASSIGN(state.values, ReadValues(db, options));
  options.time = state.time + kLookAhead;
  BEACH_TRY_ASSIGN(state.later, ReadValues(db, options));
  return state;
}

engine::WriteBatch BatchOf(const Command& command) {
  engine::WriteBatch batch;
  for (const Change& change : command.changes) {
    if (change.time) {
      batch.AdvanceTime(*change.time);
    } else if (change.expires_at) {
      batch.PutUntil(change.key, *change.value, *change.expires_at);
    } else if (change.value) {
      batch.Put(change.key, *change.value);
    } else {
      batch.Delete(change.key);
    }
  }
  return batch;
}

std::optional<State> History::At(std::uint64_t last,
                                 const std::map<std::uint64_t, Command>& batches) const {
  Contents contents;
  for (const auto& [first, batch] : batches_) {
    if (first > last) break;
    if (first + batch.count - 1 > last) return std::nullopt;
    const auto found = batches.find(batch.id);
    if (found == batches.end()) continue;
    for (const Change& change : found->second.changes) contents.Apply(change);
  }
  State state{.values = {}, .later = {}, .time = contents.time};
  for (const auto& [key, version] : contents.versions) {
    if (version.IsThere(state.time)) state.values.emplace(key, version.value);
    if (version.IsThere(state.time + kLookAhead)) state.later.emplace(key, version.value);
  }
  return state;
}

std::pair<std::uint64_t, History::Batch> History::After(std::uint64_t last) const {
  auto next = batches_.upper_bound(last);
  // `last` may lie inside of the one before.
  if (next != batches_.begin()) {
    const auto before = std::prev(next);
    if (before->first + before->second.count - 1 > last) next = before;
  }
  if (next == batches_.end()) return {};
  return {next->first, next->second};
}

std::uint64_t History::LastOf(std::uint64_t id) const {
  for (const auto& [first, batch] : batches_) {
    if (batch.id == id) return first + batch.count - 1;
  }
  return 0;
}

std::uint64_t History::last() const {
  if (batches_.empty()) return 0;
  return batches_.rbegin()->first + batches_.rbegin()->second.count - 1;
}

}  // namespace beach::sim::scenarios::copies
