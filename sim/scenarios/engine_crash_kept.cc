// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_kept.h"

#include <algorithm>
#include <string>

namespace beach::sim::scenarios::engine_crash {

using oracle::Judgement;
using oracle::Violation;

Judgement SnapshotWatch::Took() {
  ++held_;
  if (held_ <= most_) return {};
  return Violation{.rule = "snapshot-limit",
                   .message = std::to_string(held_) + " snapshots live, and the limit is " +
                              std::to_string(most_)};
}

Judgement SnapshotWatch::Refused(const CallWatch::Call& call) {
  begun_.End();
  const std::uint64_t others = begun_.MostBeside(call);
  if (others >= most_) return {};
  return Violation{.rule = "snapshot-limit",
                   .message = "a snapshot was refused while at most " + std::to_string(others) +
                              " lived, and the limit is " + std::to_string(most_)};
}

Judgement SnapshotWatch::AtRest(const engine::DbStats& stats) const {
  if (stats.snapshots == 0 && stats.pinned_views == 0) return {};
  return Violation{.rule = "left-behind",
                   .message = "nobody reads, and " + std::to_string(stats.snapshots) +
                              " snapshots and " + std::to_string(stats.pinned_views) +
                              " replaced views are kept"};
}

AsyncWatch::Call AsyncWatch::Begin(std::uint64_t bytes) {
  largest_ = std::max(largest_, bytes);
  return {.write = begun_.Begin(), .bytes = begun_bytes_.Begin(bytes)};
}

Judgement AsyncWatch::Took(const Call& call) {
  ++queued_;
  queued_bytes_ += static_cast<std::int64_t>(call.bytes.size);
  const std::uint64_t bytes_most = std::max(most_.bytes, largest_) + largest_;
  if (queued_ <= static_cast<std::int64_t>(most_.writes) + 1 &&
      queued_bytes_ <= static_cast<std::int64_t>(bytes_most)) {
    return {};
  }
  return Violation{.rule = "async-limit",
                   .message = std::to_string(queued_) + " asynchronous writes of " +
                              std::to_string(queued_bytes_) + " bytes wait, and the limits are " +
                              std::to_string(most_.writes) + " and " + std::to_string(most_.bytes)};
}

Judgement AsyncWatch::Refused(const Call& call) {
  begun_.End();
  begun_bytes_.End(call.bytes.size);
  const std::uint64_t others = begun_.MostBeside(call.write);
  const std::uint64_t bytes = begun_bytes_.MostBeside(call.bytes);
  if (others >= most_.writes) return {};
  if (others > 0 && bytes + call.bytes.size > most_.bytes) return {};
  return Violation{.rule = "async-limit",
                   .message = "an asynchronous write of " + std::to_string(call.bytes.size) +
                              " bytes was refused while at most " + std::to_string(others) +
                              " of " + std::to_string(bytes) +
                              " bytes waited, and the limits are " + std::to_string(most_.writes) +
                              " and " + std::to_string(most_.bytes)};
}

void AsyncWatch::Answer(const Call& call) {
  begun_.End();
  begun_bytes_.End(call.bytes.size);
  --queued_;
  queued_bytes_ -= static_cast<std::int64_t>(call.bytes.size);
}

Judgement AsyncWatch::Closed() const {
  if (!waiting()) return {};
  return Violation{.rule = "write-unanswered",
                   .message = "the database was closed, and " + std::to_string(begun_.there()) +
                              " asynchronous writes were not answered"};
}

Judgement NumberWatch::Look(std::span<const engine::TableInfo> tables) {
  for (const engine::TableInfo& table : tables) {
    engine::TableInfo content = table;
    content.level = 0;  // a table may be moved
    const auto [seen, is_new] = seen_.emplace(table.file, content);
    if (is_new || seen->second == content) continue;
    return Violation{.rule = "number-reused",
                     .message = "table " + std::to_string(table.file.value) +
                                " is not the one that had its number before"};
  }
  return {};
}

}  // namespace beach::sim::scenarios::engine_crash
