// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <compare>
#include <cstdint>
#include <span>
#include <vector>

#include "oracle/history.h"
#include "oracle/linear_values.h"

// A history as numbers, cut into parts that can be judged one by one: what the search works on.

namespace beach::oracle {

// What a check makes of an operation: to explain a violation, some are let loose.
enum class Role : std::uint8_t {
  kKept,
  kLoose,   // it may have taken effect at any time, or never; what it saw does not count
  kAbsent,  // it never was
};

// A key of a part: its slot in the part's state.
struct LinearTerm {
  KeyIndex key = 0;
  std::uint32_t slot = 0;
  ValueIndex value = 0;

  friend auto operator<=>(const LinearTerm&, const LinearTerm&) = default;
};

struct LinearEffect {
  KeyIndex key = 0;
  std::uint32_t slot = 0;
  bool is_append = false;
  std::uint32_t value = 0;  // a SuffixIndex of an append, else a ValueIndex

  friend auto operator<=>(const LinearEffect&, const LinearEffect&) = default;
};

inline constexpr std::uint32_t kNeverReturns = ~std::uint32_t{0};

// Half-open, in the problem's own lists.
struct IndexRange {
  std::uint32_t begin = 0;
  std::uint32_t end = 0;
  bool empty() const { return begin == end; }
};

// It may take effect in a state in which all its tests hold and, if it has failed conditions, one
// of those does not. REQUIRES of its effects: a put or delete is the first of its key.
struct LinearOperation {
  std::uint32_t source = 0;  // in the history
  bool is_known = false;     // it has taken effect before it returned
  IndexRange tests;
  IndexRange failed;
  IndexRange effects;
  std::uint64_t called_at = 0;
  std::uint64_t returned_at = 0;
  std::uint32_t call = 0;                  // in the events of its part
  std::uint32_t returned = kNeverReturns;  // likewise
  std::uint32_t slot = 0;                  // of those that are known: no other one has it meanwhile
};

struct LinearEvent {
  std::uint32_t operation = 0;
  bool is_return = false;
};

// Keys that operations touch together, directly or through others, and those operations: a history
// is linearizable if each of its parts is (Herlihy and Wing, TOPLAS 1990, theorem 1, each part
// being one object).
struct LinearPart {
  std::vector<KeyIndex> keys;          // by slot
  std::vector<LinearEvent> events;     // by time; at equal times calls come first
  std::vector<std::uint32_t> unknown;  // alike ones side by side, then by call
  std::vector<IndexRange> alike;       // of unknown
  std::uint32_t slot_count = 0;        // of operations under way
  bool has_appends = false;
  // The return of an operation that no order has a place for, where that is plain without a search.
  std::uint32_t impossible = kNeverReturns;
};

class LinearProblem {
 public:
  // `roles`: of each operation; empty: all are kept. Borrows the history.
  LinearProblem(std::span<const ClientOperation> history, std::span<const Role> roles);

  const std::vector<LinearPart>& parts() const { return parts_; }
  const LinearOperation& operation(std::uint32_t index) const { return operations_[index]; }
  std::span<const LinearTerm> terms(IndexRange range) const {
    return std::span(terms_).subspan(range.begin, range.end - range.begin);
  }
  std::span<const LinearEffect> effects(const LinearOperation& operation) const {
    return std::span(effects_).subspan(operation.effects.begin,
                                       operation.effects.end - operation.effects.begin);
  }
  // Not const: values that appends make are numbered when they are met.
  LinearValues& values() { return values_; }

  // Whether an operation that is under way at that event, or called later, looks for the value.
  bool IsLookedFor(KeyIndex key, ValueIndex value, std::uint32_t at) const {
    if (value == kUnseenValue) return false;
    return values_.has_appends(key) || moments_[value].looked_until >= at;
  }
  // Whether a known operation that is called later tests it; and whether one that is, or any
  // unknown one, may write it. REQUIRES: it is a value that operations look for.
  bool IsSeenLater(ValueIndex value, std::uint32_t at) const {
    return moments_[value].last_test > at;
  }
  bool IsWrittenLater(ValueIndex value, std::uint32_t at) const {
    return moments_[value].last_write > at;
  }
  // Whether conditions on the key failed of such an operation.
  bool MayFail(KeyIndex key, std::uint32_t at) const { return keys_[key].failed_until > at; }
  // Whether an operation that is called later, and is known, tests the key.
  bool IsTestedLater(KeyIndex key, std::uint32_t at) const { return keys_[key].last_test > at; }
  // Values above were made by appends, later; nobody looks for them.
  ValueIndex moment_count() const { return static_cast<ValueIndex>(moments_.size()); }
  bool HasAppends(KeyIndex key) const { return values_.has_appends(key); }
  bool HasPuts(KeyIndex key) const { return keys_[key].has_puts; }
  // Equal: of two unknown operations, they may take effect in the same states, and then do the
  // same.
  std::strong_ordering Compare(const LinearOperation& a, const LinearOperation& b) const;

 private:
  struct KeyRecord {
    KeyIndex joined = 0;  // towards the first key of its part
    std::uint32_t part = 0;
    std::uint32_t slot = 0;
    bool has_puts = false;           // or deletes
    std::uint32_t failed = 0;        // how many conditions of failed operations
    std::uint32_t failed_until = 0;  // event behind their last return
    std::uint32_t last_test = 0;     // call of the last known operation that tests it
  };
  // Of a value, while unknown operations are judged.
  struct Use {
    std::uint32_t writers = 0;
    std::uint32_t looks = 0;
    std::uint64_t first_seen_at = kNotSeen;  // the first return of a known operation that saw it
  };
  static constexpr std::uint64_t kNotSeen = ~std::uint64_t{0};
  // Of a value, in the events of its part.
  struct Moments {
    std::uint32_t looked_until = 0;  // the last return of who looks for it
    std::uint32_t last_test = 0;     // call of the last known operation that tests it
    std::uint32_t last_write = 0;    // likewise; of an unknown one: never
    std::uint32_t first_write = kNeverReturns;
  };

  void AddOperations(std::span<const ClientOperation> history, std::span<const Role> roles);
  void AddEffects(std::span<const ClientOperation> history);
  IndexRange AddTerms(const std::vector<KeyIs>& keys, bool append);
  void CountUses();
  void JudgeUnknown();
  bool Promote(LinearOperation& operation);
  bool IsUseless(const LinearOperation& operation) const;
  KeyIndex RootOf(KeyIndex key);
  void MakeParts();
  void MakeEvents();
  void Finish(LinearPart& part);
  void GroupUnknown(LinearPart& part);
  void NoteMoments(const LinearOperation& operation);
  bool IsImpossible(const LinearOperation& operation) const;
  // linear_zones.cc
  struct Cluster;
  std::vector<Cluster> FindClusters() const;
  static const Cluster* ZoneBefore(const std::vector<Cluster>& zones, KeyIndex key,
                                   std::uint32_t at);
  static const Cluster* Conflict(const std::vector<Cluster>& zones, const Cluster& cluster);
  void FindZones();

  LinearValues values_;
  std::vector<KeyRecord> keys_;
  std::vector<LinearOperation> operations_;
  std::vector<LinearTerm> terms_;
  std::vector<LinearEffect> effects_;
  std::vector<LinearPart> parts_;
  std::vector<Use> uses_;
  std::vector<Moments> moments_;  // by value
};

}  // namespace beach::oracle
