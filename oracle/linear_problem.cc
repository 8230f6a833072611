// SPDX-License-Identifier: Apache-2.0
#include "oracle/linear_problem.h"

#include <algorithm>
#include <tuple>

namespace beach::oracle {
namespace {

Role RoleOf(std::span<const Role> roles, std::size_t index) {
  return roles.empty() ? Role::kKept : roles[index];
}

// Whether later changes leave anything of this one.
bool IsOverwritten(const std::vector<KeyChange>& changes, std::size_t index) {
  for (std::size_t i = index + 1; i < changes.size(); ++i) {
    if (changes[i].kind != ChangeKind::kAppend && changes[i].key == changes[index].key) return true;
  }
  return false;
}

}  // namespace

LinearProblem::LinearProblem(std::span<const ClientOperation> history, std::span<const Role> roles)
    : values_(history.size()) {
  BEACH_CHECK(roles.empty() || roles.size() == history.size());
  AddOperations(history, roles);
  values_.Freeze();
  AddEffects(history);
  const auto is_unknown = [](const LinearOperation& one) { return !one.is_known; };
  if (std::ranges::any_of(operations_, is_unknown)) JudgeUnknown();
  MakeParts();
  MakeEvents();
  for (LinearPart& part : parts_) Finish(part);
  FindZones();
}

IndexRange LinearProblem::AddTerms(const std::vector<KeyIs>& keys, bool append) {
  const auto begin =
      append ? operations_.back().tests.begin : static_cast<std::uint32_t>(terms_.size());
  for (const KeyIs& one : keys) {
    const KeyIndex key = values_.Key(one.key);
    terms_.push_back(
        {.key = key,
         .value = one.value ? values_.LookedFor(key, *one.value) : values_.Absent(key)});
  }
  return {.begin = begin, .end = static_cast<std::uint32_t>(terms_.size())};
}

void LinearProblem::AddOperations(std::span<const ClientOperation> history,
                                  std::span<const Role> roles) {
  operations_.reserve(history.size());
  terms_.reserve(history.size());
  for (std::uint32_t i = 0; i < history.size(); ++i) {
    const ClientOperation& one = history[i];
    const Role role = RoleOf(roles, i);
    const bool is_known = one.answered() && role == Role::kKept;
    const bool may_change = one.answer != Answer::kConditionsFailed && !one.changes.empty();
    if (role == Role::kAbsent || (!is_known && !may_change)) continue;
    LinearOperation& operation = operations_.emplace_back();
    operation.source = i;
    operation.is_known = is_known;
    operation.called_at = role == Role::kLoose ? 0 : one.called_at;
    operation.returned_at = one.returned_at;
    if (one.answer == Answer::kConditionsFailed) {
      operation.failed = AddTerms(one.conditions, false);
      operation.tests = AddTerms(one.reads, false);
      continue;
    }
    operation.tests = AddTerms(one.conditions, false);
    if (is_known) operation.tests = AddTerms(one.reads, true);
    for (const KeyChange& change : one.changes) {
      const KeyIndex key = values_.Key(change.key);
      if (change.kind == ChangeKind::kAppend) values_.HasAppends(key);
    }
  }
  keys_.resize(values_.key_count());
  for (KeyIndex key = 0; key < keys_.size(); ++key) keys_[key].joined = key;
}

void LinearProblem::AddEffects(std::span<const ClientOperation> history) {
  effects_.reserve(operations_.size());
  for (LinearOperation& operation : operations_) {
    operation.effects.begin = operation.effects.end = static_cast<std::uint32_t>(effects_.size());
    const ClientOperation& one = history[operation.source];
    if (one.answer == Answer::kConditionsFailed) continue;
    for (std::size_t i = 0; i < one.changes.size(); ++i) {
      const KeyChange& change = one.changes[i];
      if (IsOverwritten(one.changes, i)) continue;
      LinearEffect effect = {.key = values_.Key(change.key)};
      switch (change.kind) {
        case ChangeKind::kPut: effect.value = values_.Find(effect.key, change.value); break;
        case ChangeKind::kDelete: effect.value = values_.Absent(effect.key); break;
        case ChangeKind::kAppend:
          effect.is_append = true;
          effect.value = values_.Suffix(change.value);
          break;
      }
      if (!effect.is_append) keys_[effect.key].has_puts = true;
      effects_.push_back(effect);
    }
    operation.effects.end = static_cast<std::uint32_t>(effects_.size());
  }
}

KeyIndex LinearProblem::RootOf(KeyIndex key) {
  while (keys_[key].joined != key) {
    keys_[key].joined = keys_[keys_[key].joined].joined;
    key = keys_[key].joined;
  }
  return key;
}

void LinearProblem::MakeParts() {
  const auto join = [&](KeyIndex a, KeyIndex b) {
    const KeyIndex first = RootOf(a);
    const KeyIndex second = RootOf(b);
    keys_[std::max(first, second)].joined = std::min(first, second);
  };
  // Any one key of an operation; all others are joined to it.
  const auto first_key = [&](const LinearOperation& operation) {
    if (!operation.tests.empty()) return terms_[operation.tests.begin].key;
    if (!operation.failed.empty()) return terms_[operation.failed.begin].key;
    return effects_[operation.effects.begin].key;
  };
  for (const LinearOperation& operation : operations_) {
    const KeyIndex first = first_key(operation);
    for (const LinearTerm& term : terms(operation.tests)) join(first, term.key);
    for (const LinearTerm& term : terms(operation.failed)) join(first, term.key);
    for (const LinearEffect& effect : effects(operation)) join(first, effect.key);
  }
  for (KeyIndex key = 0; key < keys_.size(); ++key) {
    const KeyIndex root = RootOf(key);
    if (root == key) {
      keys_[key].part = static_cast<std::uint32_t>(parts_.size());
      parts_.emplace_back();
    }
    LinearPart& part = parts_[keys_[root].part];
    keys_[key].part = keys_[root].part;
    keys_[key].slot = static_cast<std::uint32_t>(part.keys.size());
    part.keys.push_back(key);
    part.has_appends |= values_.has_appends(key);
  }
  for (LinearTerm& term : terms_) term.slot = keys_[term.key].slot;
  for (LinearEffect& effect : effects_) effect.slot = keys_[effect.key].slot;
}

void LinearProblem::MakeEvents() {
  struct Moment {
    std::uint64_t time = 0;
    std::uint32_t operation = 0;
    bool is_return = false;
  };
  std::vector<Moment> moments;
  moments.reserve(operations_.size() * 2);
  for (std::uint32_t i = 0; i < operations_.size(); ++i) {
    moments.push_back({.time = operations_[i].called_at, .operation = i});
    if (!operations_[i].is_known) continue;
    moments.push_back({.time = operations_[i].returned_at, .operation = i, .is_return = true});
  }
  std::ranges::sort(moments, {}, [](const Moment& moment) {
    return std::tuple(moment.time, moment.is_return, moment.operation);
  });
  for (const Moment& moment : moments) {
    LinearOperation& operation = operations_[moment.operation];
    const KeyIndex key = !operation.tests.empty()    ? terms_[operation.tests.begin].key
                         : !operation.failed.empty() ? terms_[operation.failed.begin].key
                                                     : effects_[operation.effects.begin].key;
    LinearPart& part = parts_[keys_[key].part];
    const auto at = static_cast<std::uint32_t>(part.events.size());
    (moment.is_return ? operation.returned : operation.call) = at;
    part.events.push_back({.operation = moment.operation, .is_return = moment.is_return});
    if (!operation.is_known) part.unknown.push_back(moment.operation);
  }
}

void LinearProblem::Finish(LinearPart& part) {
  moments_.resize(values_.value_count());
  for (const KeyIndex key : part.keys) moments_[values_.Absent(key)].first_write = 0;
  std::vector<std::uint32_t> free_slots;
  for (const LinearEvent& event : part.events) {
    LinearOperation& operation = operations_[event.operation];
    if (event.is_return) {
      free_slots.push_back(operation.slot);
      if (part.impossible == kNeverReturns && IsImpossible(operation)) {
        part.impossible = operation.returned;
      }
      continue;
    }
    NoteMoments(operation);
    if (!operation.is_known) continue;
    if (free_slots.empty()) free_slots.push_back(part.slot_count++);
    operation.slot = free_slots.back();
    free_slots.pop_back();
  }
  GroupUnknown(part);
}

void LinearProblem::GroupUnknown(LinearPart& part) {
  std::ranges::sort(part.unknown, [&](std::uint32_t a, std::uint32_t b) {
    const std::strong_ordering order = Compare(operations_[a], operations_[b]);
    return order != 0 ? order < 0 : operations_[a].call < operations_[b].call;
  });
  for (std::uint32_t i = 0; i < part.unknown.size(); ++i) {
    const bool is_alike =
        i > 0 && Compare(operations_[part.unknown[i - 1]], operations_[part.unknown[i]]) == 0;
    if (!is_alike) part.alike.push_back({.begin = i, .end = i});
    ++part.alike.back().end;
  }
}

// Operations come in the order of their calls.
void LinearProblem::NoteMoments(const LinearOperation& operation) {
  for (const LinearTerm& term : terms(operation.tests)) {
    Moments& moments = moments_[term.value];
    moments.looked_until = std::max(moments.looked_until, operation.returned);
    if (!operation.is_known) continue;
    moments.last_test = keys_[term.key].last_test = operation.call;
  }
  for (const LinearTerm& term : terms(operation.failed)) {
    Moments& moments = moments_[term.value];
    moments.looked_until = std::max(moments.looked_until, operation.returned);
    std::uint32_t& until = keys_[term.key].failed_until;
    until = std::max(until, operation.is_known ? operation.returned + 1 : kNeverReturns);
  }
  for (const LinearEffect& effect : effects(operation)) {
    if (effect.is_append || effect.value >= moments_.size()) continue;
    Moments& moments = moments_[effect.value];
    moments.last_write =
        std::max(moments.last_write, operation.is_known ? operation.call : kNeverReturns);
    moments.first_write = std::min(moments.first_write, operation.call);
  }
}

// REQUIRES: all that were called before it returned are noted, and no other.
bool LinearProblem::IsImpossible(const LinearOperation& operation) const {
  return std::ranges::any_of(terms(operation.tests), [&](const LinearTerm& term) {
    return !values_.has_appends(term.key) && moments_[term.value].first_write == kNeverReturns;
  });
}

std::strong_ordering LinearProblem::Compare(const LinearOperation& a,
                                            const LinearOperation& b) const {
  const auto compare = [](const auto& one, const auto& other) {
    return std::lexicographical_compare_three_way(one.begin(), one.end(), other.begin(),
                                                  other.end());
  };
  const std::strong_ordering tests = compare(terms(a.tests), terms(b.tests));
  return tests != 0 ? tests : compare(effects(a), effects(b));
}

}  // namespace beach::oracle
