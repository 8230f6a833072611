// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_reserve.h"

#include <algorithm>
#include <string>

namespace beach::sim::scenarios::engine_crash {
namespace {

constexpr Site kReady = "reserve.ready";
constexpr Site kEntered = "reserve.entered";
constexpr Site kSequenced = "write.sequenced";

oracle::Judgement Misused(std::uint64_t batch) {
  return oracle::Violation{.rule = "reserve-misused",
                           .message = "batch " + std::to_string(batch) +
                                      ", which is not of deletes alone, went into the reserve"};
}

}  // namespace

bool DeletesOnly(const oracle::ModelBatch& batch) {
  return std::ranges::none_of(batch.operations, [](const oracle::ModelOperation& operation) {
    return operation.value.has_value();
  });
}

void ReserveWatch::Issue(const oracle::ModelBatch& batch) {
  if (!DeletesOnly(batch)) with_puts_.insert(batch.id.value);
}

oracle::Judgement ReserveWatch::Hear(Site event, std::span<const env::EventField> fields) {
  if (event.hash == kReady.hash) {
    free_ = true;
    in_use_ = false;
  } else if (event.hash == kEntered.hash) {
    free_ = false;
    in_use_ = true;
    ++entered_;
    // The batch for which the log goes there has its numbers already.
    if (with_puts_.contains(last_)) return Misused(last_);
  } else if (event.hash == kSequenced.hash) {
    for (const env::EventField& field : fields) {
      if (field.name == std::string_view("tag")) last_ = field.number;
    }
    if (in_use_ && with_puts_.contains(last_)) return Misused(last_);
  }
  return std::nullopt;
}

oracle::Judgement ReserveWatch::EndWrite(const Mark& mark, const oracle::ModelBatch& batch,
                                         const Error& error) const {
  if (error.code() != ErrorCode::kNoSpace || !DeletesOnly(batch)) return std::nullopt;
  // While no table can be written either, memory is the limit, not the log.
  if (!error.path().ends_with(".wal")) return std::nullopt;
  if (!mark.free || !free_ || mark.entered != entered_) return std::nullopt;
  return oracle::Violation{.rule = "delete-refused",
                           .message = "batch " + std::to_string(batch.id.value) +
                                      ", of deletes alone, was refused although the reserve is "
                                      "free: " +
                                      error.ToString()};
}

}  // namespace beach::sim::scenarios::engine_crash
