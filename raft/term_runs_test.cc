// SPDX-License-Identifier: Apache-2.0
#include "raft/term_runs.h"

#include <gtest/gtest.h>
#include <rapidcheck.h>
#include <rapidcheck/gtest.h>

#include <vector>

namespace beach::raft {
namespace {

// The same, entry by entry.
struct Model {
  std::uint64_t base = 0;
  Term base_term;
  std::vector<Term> terms;

  std::uint64_t last() const { return base + terms.size(); }
  std::optional<Term> TermAt(std::uint64_t index) const {
    if (index < base || index > last()) return std::nullopt;
    return index == base ? base_term : terms[index - base - 1];
  }
};

void CheckEqual(const TermRuns& runs, const Model& model) {
  RC_ASSERT(runs.base().value == model.base);
  RC_ASSERT(runs.last().value == model.last());
  for (std::uint64_t i = model.base == 0 ? 0 : model.base - 1; i <= model.last() + 1; ++i) {
    RC_ASSERT(runs.TermAt(LogIndex(i)) == model.TermAt(i));
  }
}

void CheckSearch(const TermRuns& runs, const Model& model, std::uint64_t upto, Term term) {
  const std::uint64_t found = runs.LastNotAbove(LogIndex(upto), term).value;
  RC_ASSERT(found <= upto);
  for (std::uint64_t i = found + 1; i <= std::min(upto, model.last()); ++i) {
    RC_ASSERT(!model.TermAt(i) || *model.TermAt(i) > term);
  }
  if (found >= model.base && found > 0) RC_ASSERT(*model.TermAt(found) <= term);
}

RC_GTEST_PROP(TermRunsProperty, IsWhatAListOfTermsIs, ()) {
  TermRuns runs(LogIndex{}, Term{});
  Model model;
  for (int step = 0; step < 40; ++step) {
    switch (*rc::gen::inRange(0, 6)) {
      case 0:
        if (model.last() > model.base) {
          const std::uint64_t from =
              *rc::gen::inRange<std::uint64_t>(model.base + 1, model.last() + 2);
          runs.TruncateFrom(LogIndex(from));
          model.terms.resize(from - model.base - 1);
        }
        break;
      case 1: {
        const std::uint64_t base = *rc::gen::inRange<std::uint64_t>(model.base, model.last() + 1);
        runs.Compact(LogIndex(base));
        model.base_term = *model.TermAt(base);
        model.terms.erase(model.terms.begin(),
                          model.terms.begin() + static_cast<std::ptrdiff_t>(base - model.base));
        model.base = base;
        break;
      }
      case 2: {
        const Term term(runs.last_term().value + *rc::gen::inRange<std::uint64_t>(0, 2));
        const std::size_t count = *rc::gen::inRange<std::size_t>(1, 5);
        runs.AppendUpTo(runs.last() + count, term);
        model.terms.insert(model.terms.end(), count, term);
        break;
      }
      default: {
        const Term term(runs.last_term().value + *rc::gen::inRange<std::uint64_t>(0, 2));
        runs.Append(term);
        model.terms.push_back(term);
      }
    }
    CheckEqual(runs, model);
    CheckSearch(runs, model, *rc::gen::inRange<std::uint64_t>(0, model.last() + 3),
                Term(*rc::gen::inRange<std::uint64_t>(0, runs.last_term().value + 2)));
  }
}

TEST(TermRuns, ALongTermIsOneRun) {
  TermRuns runs(LogIndex{}, Term{});
  for (int i = 0; i < 100000; ++i) runs.Append(Term(static_cast<std::uint64_t>(1 + i / 50000)));
  EXPECT_EQ(runs.runs(), 2U);
}

TEST(TermRuns, AnIndexBelowTheBaseIsItsOwnAnswer) {
  TermRuns runs(LogIndex(10), Term(3));
  EXPECT_EQ(runs.LastNotAbove(LogIndex(7), Term(1)), LogIndex(7));
  EXPECT_EQ(runs.LastNotAbove(LogIndex(10), Term(2)), LogIndex(9));
}

}  // namespace
}  // namespace beach::raft
