// SPDX-License-Identifier: Apache-2.0
#include "oracle/testing/random_history.h"

#include <algorithm>
#include <string>
#include <tuple>
#include <utility>

namespace beach::oracle {
namespace {

class HistoryMaker {
 public:
  HistoryMaker(RandomStream& random, const RandomHistoryOptions& options)
      : random_(random), options_(options), free_at_(options.clients) {}

  std::vector<ClientOperation> Make() {
    for (std::uint64_t i = 0; i < options_.operations; ++i) AddOperation();
    std::ranges::sort(effects_);
    StoreState state;
    for (const Effect& effect : effects_) Tell(history_[effect.index], state);
    return std::move(history_);
  }

 private:
  // When it happens; a tie is drawn.
  struct Effect {
    std::uint64_t at = 0;
    std::uint64_t tie = 0;
    std::size_t index = 0;
    friend auto operator<=>(const Effect&, const Effect&) = default;
  };

  void AddOperation() {
    const std::uint64_t client = random_.Below(options_.clients);
    ClientOperation operation = DrawAction();
    operation.client = client;
    operation.called_at = free_at_[client] + random_.Below(options_.pause_max + 1);
    const bool is_unknown = random_.Below(100) < options_.unknown_percent;
    const std::uint64_t longer = is_unknown ? 4 : 1;
    const std::uint64_t effect_at =
        operation.called_at + random_.Below(options_.takes_max * longer + 1);
    operation.returned_at = effect_at + random_.Below(options_.takes_max + 1);
    operation.answer = is_unknown ? Answer::kUnknown : Answer::kDone;
    free_at_[client] = is_unknown ? operation.called_at + 1 : operation.returned_at;
    const bool happens = !is_unknown || random_.Chance(1, 2);
    const std::uint64_t tie = random_.Next();
    if (happens) effects_.push_back({.at = effect_at, .tie = tie, .index = history_.size()});
    history_.push_back(std::move(operation));
  }

  Bytes DrawKey() { return "k" + std::to_string(random_.Below(options_.keys)); }
  Bytes DrawValue() {
    if (options_.values == 0) return "v" + std::to_string(++values_) + ".";
    return std::string(random_.Below(options_.values), 'a') + "b";
  }
  // One that may well be there.
  std::optional<Bytes> DrawGuess() {
    if (random_.Chance(1, 4)) return std::nullopt;
    if (options_.values != 0) return DrawValue();
    const std::uint64_t back =
        random_.Below(std::min<std::uint64_t>(values_ + 1, 2 * options_.clients));
    return "v" + std::to_string(values_ - back) + ".";
  }

  KeyChange DrawChange() {
    Bytes key = DrawKey();
    const std::uint64_t all = options_.puts + options_.appends + options_.deletes;
    const std::uint64_t which = random_.Below(std::max<std::uint64_t>(all, 1));
    if (which < options_.puts) return {ChangeKind::kPut, std::move(key), DrawValue()};
    if (which < options_.puts + options_.appends) {
      return {ChangeKind::kAppend, std::move(key), DrawValue()};
    }
    return {ChangeKind::kDelete, std::move(key)};
  }

  ClientOperation DrawAction() {
    ClientOperation operation;
    std::uint64_t which =
        random_.Below(options_.gets + options_.puts + options_.appends + options_.deletes +
                      options_.compare_and_sets + options_.transactions);
    if (which < options_.gets) {
      operation.reads.push_back({DrawKey(), std::nullopt});
      return operation;
    }
    which -= options_.gets;
    if (which < options_.compare_and_sets) {
      const Bytes key = DrawKey();
      operation.conditions.push_back({key, DrawGuess()});
      operation.changes.push_back({ChangeKind::kPut, key, DrawValue()});
      return operation;
    }
    which -= options_.compare_and_sets;
    if (which < options_.transactions) {
      for (std::uint64_t i = random_.Below(2); i > 0; --i) {
        Bytes key = DrawKey();
        operation.conditions.push_back({std::move(key), DrawGuess()});
      }
      for (std::uint64_t i = random_.Below(3); i > 0; --i) {
        operation.reads.push_back({DrawKey(), std::nullopt});
      }
      for (std::uint64_t i = random_.Below(3); i > 0; --i)
        operation.changes.push_back(DrawChange());
      if (operation.reads.empty() && operation.changes.empty()) {
        operation.changes.push_back(DrawChange());
      }
      return operation;
    }
    operation.changes.push_back(DrawChange());
    return operation;
  }

  // It takes effect: what its client is told, if it is told.
  static void Tell(ClientOperation& operation, StoreState& state) {
    const bool is_told = operation.answered();
    for (KeyIs& read : operation.reads) {
      const auto found = state.find(read.key);
      read.value = found == state.end() ? std::nullopt : std::optional(found->second);
    }
    operation.answer = Answer::kDone;
    if (!TakesEffect(operation, state)) operation.answer = Answer::kConditionsFailed;
    if (!is_told) operation.answer = Answer::kUnknown;
  }

  RandomStream& random_;
  const RandomHistoryOptions& options_;
  std::vector<std::uint64_t> free_at_;
  std::vector<ClientOperation> history_;
  std::vector<Effect> effects_;
  std::uint64_t values_ = 0;
};

bool Holds(const KeyIs& one, const StoreState& state) {
  const auto found = state.find(one.key);
  return found == state.end() ? !one.value : one.value && *one.value == found->second;
}

bool Search(std::span<const ClientOperation> history, std::vector<bool>& placed,
            const StoreState& state) {
  bool all = true;
  for (std::size_t i = 0; i < history.size(); ++i)
    all = all && (placed[i] || !history[i].answered());
  if (all) return true;
  for (std::size_t i = 0; i < history.size(); ++i) {
    bool is_next = !placed[i];
    for (std::size_t other = 0; other < history.size(); ++other) {
      if (placed[other] || !history[other].answered()) continue;
      is_next = is_next && history[other].returned_at >= history[i].called_at;
    }
    StoreState after = state;
    if (!is_next || !TakesEffect(history[i], after)) continue;
    placed[i] = true;
    if (Search(history, placed, after)) return true;
    placed[i] = false;
  }
  return false;
}

}  // namespace

std::vector<ClientOperation> MakeRandomHistory(RandomStream& random,
                                               const RandomHistoryOptions& options) {
  return HistoryMaker(random, options).Make();
}

void Mutate(RandomStream& random, std::vector<ClientOperation>& history) {
  ClientOperation& operation = history[random.Below(history.size())];
  const ClientOperation& other = history[random.Below(history.size())];
  const std::uint64_t what = random.Below(4);
  if (what == 0 && !operation.conditions.empty() && operation.answered()) {
    const bool was_done = operation.answer == Answer::kDone;
    operation.answer = was_done ? Answer::kConditionsFailed : Answer::kDone;
  } else if (what == 1 && operation.answered()) {
    operation.returned_at -= random.Below(operation.returned_at - operation.called_at + 1);
  } else if (what == 2 && operation.answered()) {
    operation.called_at += random.Below(operation.returned_at - operation.called_at + 1);
  } else if (!operation.reads.empty()) {
    std::optional<Bytes> seen;
    if (!other.changes.empty()) seen = other.changes.back().value;
    if (!other.reads.empty()) seen = other.reads.back().value;
    operation.reads.back().value = std::move(seen);
  }
}

bool TakesEffect(const ClientOperation& operation, StoreState& state) {
  const auto holds = [&](const KeyIs& one) { return Holds(one, state); };
  const bool all_hold = std::ranges::all_of(operation.conditions, holds);
  if (operation.answered() && !std::ranges::all_of(operation.reads, holds)) return false;
  if (operation.answer == Answer::kConditionsFailed) return !all_hold;
  if (!all_hold) return false;
  for (const KeyChange& change : operation.changes) {
    switch (change.kind) {
      case ChangeKind::kPut: state[change.key] = change.value; break;
      case ChangeKind::kAppend: state[change.key] += change.value; break;
      case ChangeKind::kDelete: state.erase(change.key); break;
    }
  }
  return true;
}

bool IsLinearizableByAllOrders(std::span<const ClientOperation> history) {
  std::vector<bool> placed(history.size());
  return Search(history, placed, {});
}

}  // namespace beach::oracle
