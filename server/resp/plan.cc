// SPDX-License-Identifier: Apache-2.0
#include "server/resp/plan.h"

#include <algorithm>

#include "base/check.h"

namespace beach::server {

bool RespPlan::only_reads() const {
  return std::ranges::all_of(operations, [](const Operation& one) { return one.is_read(); });
}

bool RespPlan::gives_values() const {
  return std::ranges::any_of(operations,
                             [](const Operation& one) { return one.kind == OperationKind::kGet; });
}

std::size_t RespPlan::results() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(operations, [](const Operation& one) { return one.is_read(); }));
}

void WriteResults(const RespPlan& plan, std::span<const std::optional<Bytes>> results,
                  RespReplyWriter& writer) {
  BEACH_CHECK_EQ(results.size(), plan.results());
  switch (plan.shape) {
    case RespShape::kOk: return writer.Simple("OK");
    case RespShape::kValue: return writer.BulkOrNull(results.front());
    case RespShape::kValues:
      writer.Array(results.size());
      for (const std::optional<Bytes>& value : results) writer.BulkOrNull(value);
      return;
    case RespShape::kCount:
      return writer.Integer(std::ranges::count_if(
          results, [](const std::optional<Bytes>& value) { return value.has_value(); }));
    case RespShape::kIsThere: return writer.Integer(results.back() ? 1 : 0);
    case RespShape::kLengthOf: {
      const std::size_t length = results.front() ? results.front()->size() : 0;
      return writer.Integer(static_cast<std::int64_t>(length));
    }
    case RespShape::kType: return writer.Simple(results.front() ? "string" : "none");
  }
}

}  // namespace beach::server
