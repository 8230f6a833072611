// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <utility>
#include <vector>

#include "oracle/linear_problem.h"

// What can be seen of a history without a search: Gibbons and Korach, "Testing shared memories"
// (SIAM Journal on Computing 1997), as a test that only ever refuses.
//
// Take a value that one operation alone writes to its key, and all that say that they saw it: its
// *cluster*. It is there once, without a gap, when they all take effect. With `first` the
// smallest return of them and `last` the greatest call, one takes effect not behind `first` and one
// not before `last`; so if first < last, the value is there from the one to the other: a *zone*.
//
// Any other cluster of the key lies before the zone or behind it. If it has an operation that is
// called behind the zone's begin, and one that returns before its end, it can do neither. The same
// holds for a single operation that writes something else. One that sees a value and replaces it is
// of two clusters, the one right behind the other, and both ends may be its own: then they do not
// overlap in that sense.
//
// For keys with puts and gets alone, each of a value of its own, nothing else can be wrong, and
// what is wrong is found in O(n log n). For others it saves most searches of what cannot be found.

namespace beach::oracle {

// Positions in the events of its part are counted from 1 here: 0 is the beginning.
struct LinearProblem::Cluster {
  KeyIndex key = 0;
  std::uint32_t first = kNeverReturns;
  std::uint32_t last = 0;
  std::uint32_t latest = 0;  // the operation that is called then
  std::uint32_t writers = 0;

  bool IsZone() const { return first < last; }
  void Add(const LinearOperation& operation, std::uint32_t index) {
    first = std::min(first, operation.returned + 1);
    if (operation.call + 1 < last) return;
    last = operation.call + 1;
    latest = index;
  }
};

// The last zone that begins before `at`, of those in order, or null.
const LinearProblem::Cluster* LinearProblem::ZoneBefore(const std::vector<Cluster>& zones,
                                                        KeyIndex key, std::uint32_t at) {
  const auto behind =
      std::ranges::lower_bound(zones, std::pair(key, at), {},
                               [](const Cluster& zone) { return std::pair(zone.key, zone.first); });
  if (behind == zones.begin() || std::prev(behind)->key != key) return nullptr;
  return &*std::prev(behind);
}

// The zone that stands in the cluster's way, or null. REQUIRES: zones in order, none in another's.
const LinearProblem::Cluster* LinearProblem::Conflict(const std::vector<Cluster>& zones,
                                                      const Cluster& cluster) {
  const Cluster* const zone = ZoneBefore(zones, cluster.key, cluster.last);
  return zone != nullptr && cluster.first < zone->last ? zone : nullptr;
}

// Of the values of all keys without appends, by value.
auto LinearProblem::FindClusters() const -> std::vector<Cluster> {
  std::vector<Cluster> clusters(values_.value_count());
  for (KeyIndex key = 0; key < keys_.size(); ++key) {
    Cluster& absent = clusters[values_.Absent(key)];
    absent = {.key = key, .first = 0, .writers = 1};
  }
  for (std::uint32_t i = 0; i < operations_.size(); ++i) {
    const LinearOperation& operation = operations_[i];
    for (const LinearTerm& term : terms(operation.tests)) {
      clusters[term.value].key = term.key;
      if (operation.is_known) clusters[term.value].Add(operation, i);
    }
    for (const LinearEffect& effect : effects(operation)) {
      if (effect.is_append || effect.value == kUnseenValue) continue;
      Cluster& cluster = clusters[effect.value];
      cluster.key = effect.key;
      cluster.writers += operation.is_known ? 1 : 2;  // which may not have written: no cluster
      if (operation.is_known) cluster.Add(operation, i);
    }
  }
  for (ValueIndex value = kUnseenValue + 1; value < clusters.size(); ++value) {
    if (values_.has_appends(clusters[value].key)) clusters[value].writers = 0;
  }
  return clusters;
}

void LinearProblem::FindZones() {
  const std::vector<Cluster> clusters = FindClusters();
  std::vector<Cluster> zones;
  std::vector<Cluster> others;
  for (const Cluster& cluster : clusters) {
    if (cluster.writers == 1) (cluster.IsZone() ? zones : others).push_back(cluster);
  }
  // What writes a value that has no cluster is one by itself.
  for (std::uint32_t i = 0; i < operations_.size(); ++i) {
    if (!operations_[i].is_known) continue;
    for (const LinearEffect& effect : effects(operations_[i])) {
      const bool is_value = !effect.is_append && effect.value != kUnseenValue;
      if (is_value && clusters[effect.value].writers == 1) continue;
      Cluster& single = others.emplace_back();
      single.key = effect.key;
      single.Add(operations_[i], i);
    }
  }
  const auto note = [&](const Cluster& zone) {
    std::uint32_t& impossible = parts_[keys_[zone.key].part].impossible;
    impossible = std::min(impossible, operations_[zone.latest].returned);
  };
  std::ranges::sort(zones, {}, [](const Cluster& zone) { return std::pair(zone.key, zone.first); });
  bool overlap = false;
  for (std::size_t i = 1; i < zones.size(); ++i) {
    if (zones[i].key != zones[i - 1].key || zones[i].first >= zones[i - 1].last) continue;
    note(zones[i - 1]);
    overlap = true;
  }
  if (overlap) return;
  for (const Cluster& other : others) {
    if (const Cluster* const zone = Conflict(zones, other)) note(*zone);
  }
}

}  // namespace beach::oracle
