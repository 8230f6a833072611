// SPDX-License-Identifier: Apache-2.0
#include "server/resp/plan.h"

#include <algorithm>
#include <charconv>
#include <limits>

#include "base/check.h"

namespace beach::server {
namespace {

std::int64_t NumberOf(ByteView text) {
  std::int64_t number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  BEACH_CHECK(error == std::errc() && end == text.data() + text.size());
  return number;
}

void WriteSum(const std::optional<Bytes>& said, RespReplyWriter& writer) {
  if (!said) return writer.Error("ERR value is not an integer or out of range");
  if (said->empty()) return writer.Error("ERR increment or decrement would overflow");
  writer.Integer(NumberOf(*said));
}

std::int64_t ExpiryAs(RespShape shape, const std::optional<Bytes>& said, std::uint64_t now_ms) {
  if (!said) return -2;
  if (said->empty()) return -1;
  std::uint64_t at_ms = 0;
  const auto [end, error] = std::from_chars(said->data(), said->data() + said->size(), at_ms);
  BEACH_CHECK(error == std::errc() && end == said->data() + said->size());
  constexpr std::uint64_t kGreatest = std::numeric_limits<std::int64_t>::max();
  at_ms = std::min(at_ms, kGreatest);
  const std::uint64_t left_ms = at_ms - std::min(at_ms, now_ms);
  const std::uint64_t rounded_s = left_ms / 1000 + (left_ms % 1000 >= 500 ? 1 : 0);
  switch (shape) {
    case RespShape::kTtl: return static_cast<std::int64_t>(rounded_s);
    case RespShape::kPttl: return static_cast<std::int64_t>(left_ms);
    case RespShape::kExpireTime: return static_cast<std::int64_t>(at_ms / 1000);
    default: return static_cast<std::int64_t>(at_ms);
  }
}

}  // namespace

bool RespPlan::only_reads() const {
  return std::ranges::all_of(operations, [](const Operation& one) { return one.is_read(); });
}

std::size_t RespPlan::results() const {
  return static_cast<std::size_t>(
      std::ranges::count_if(operations, [](const Operation& one) { return one.says(); }));
}

void WriteResults(const RespPlan& plan, std::span<const std::optional<Bytes>> results,
                  std::uint64_t now_ms, RespReplyWriter& writer) {
  BEACH_CHECK_EQ(results.size(), plan.results());
  switch (plan.shape) {
    case RespShape::kOk: return writer.Simple("OK");
    case RespShape::kOkIfDone:
      if (!results.back()) return writer.Null();
      return writer.Simple("OK");
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
    case RespShape::kSum: return WriteSum(results.front(), writer);
    case RespShape::kLength:
      if (!results.front()) return writer.Error("ERR a value of more than 4 MiB");
      return writer.Integer(NumberOf(*results.front()));
    case RespShape::kTtl:
    case RespShape::kPttl:
    case RespShape::kExpireTime:
    case RespShape::kPexpireTime:
      return writer.Integer(ExpiryAs(plan.shape, results.front(), now_ms));
    case RespShape::kType: return writer.Simple(results.front() ? "string" : "none");
  }
}

}  // namespace beach::server
