// SPDX-License-Identifier: Apache-2.0
#include "oracle/linearizability.h"

#include <cstddef>
#include <vector>

#include "oracle/linear_explain.h"
#include "oracle/linear_problem.h"

namespace beach::oracle {
namespace {

std::vector<std::size_t> SourcesOf(const LinearProblem& problem, const LinearPart& part) {
  std::vector<std::size_t> sources;
  for (const LinearEvent& event : part.events) {
    if (!event.is_return) sources.push_back(problem.operation(event.operation).source);
  }
  return sources;
}

}  // namespace

LinearReport CheckLinearizable(std::span<const ClientOperation> history,
                               const LinearLimits& limits) {
  LinearProblem problem(history, {});
  LinearReport report;
  report.parts = problem.parts().size();
  for (const LinearPart& part : problem.parts()) {
    LinearSearch search(problem, part, limits);
    const LinearVerdict verdict = search.Run();
    report.tried += search.tried();
    if (verdict == LinearVerdict::kLinearizable) continue;
    report.verdict = verdict;
    if (verdict == LinearVerdict::kUndecided) continue;
    report.culprits = FindCulprits(history, SourcesOf(problem, part), limits);
    report.violation = Explain(history, report.culprits, limits);
    return report;
  }
  return report;
}

}  // namespace beach::oracle
