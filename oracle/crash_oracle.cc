// SPDX-License-Identifier: Apache-2.0
#include "oracle/crash_oracle.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"

namespace beach::oracle {
namespace {

std::string Quoted(ByteView key) { return "\"" + Printable(key, 32) + "\""; }

}  // namespace

void CrashOracle::Ended(LifeEnd end) {
  if (end == LifeEnd::kClosed) model_.Durable(model_.visible());
  if (end == LifeEnd::kPowerLost) power_lost_ = true;
}

void CrashOracle::Opened() {
  const std::uint64_t floor = Floor();
  model_.Durable(floor);
}

Judgement CrashOracle::Recovered(const std::vector<KeyValue>& found,
                                 std::uint64_t visible_sequence) {
  for (std::size_t i = 1; i < found.size(); ++i) {
    if (found[i - 1].first < found[i].first) continue;
    return Violation{.rule = "scan-order",
                     .message = "the recovered state shows key " + Quoted(found[i].first) +
                                " behind key " + Quoted(found[i - 1].first)};
  }
  const std::optional<std::uint64_t> match = Match(found, visible_sequence);
  if (!match) return Explain(found);
  const std::uint64_t last_sequence = model_.LastSequence(*match);
  if (visible_sequence < last_sequence) {
    return Violation{.rule = "sequence-reused",
                     .message = "the recovered state holds sequence number " +
                                std::to_string(last_sequence) + ", but the store reads at " +
                                std::to_string(visible_sequence)};
  }
  model_.Settle(*match, visible_sequence);
  power_lost_ = false;
  log_rotted_ = false;
  return std::nullopt;
}

void CrashOracle::Rebase(const std::vector<KeyValue>& found, std::uint64_t visible_sequence) {
  model_.Rebase(found, visible_sequence);
  power_lost_ = false;
  log_rotted_ = false;
}

void CrashOracle::Rebase(const Model& kept, std::uint64_t visible_sequence) {
  model_.Adopt(kept, visible_sequence);
  power_lost_ = false;
  log_rotted_ = false;
}

// Several prefixes may have equal states: batches that change nothing, or that put back what one
// before them took. The greatest that the store can see is the one; else the least of them.
std::optional<std::uint64_t> CrashOracle::Match(const std::vector<KeyValue>& found,
                                                std::uint64_t visible_sequence) const {
  const std::uint64_t hash = Model::HashOf(found);
  std::optional<std::uint64_t> match;
  for (std::uint64_t prefix = model_.sequenced() + 1; prefix-- > Floor();) {
    if (model_.HashAt(prefix) != hash || !model_.ShowsAt(prefix, found)) continue;
    match = prefix;
    if (model_.LastSequence(prefix) <= visible_sequence) break;
  }
  return match;
}

// No legal prefix equals what was found. Says what is wrong with it, most telling first.
Violation CrashOracle::Explain(const std::vector<KeyValue>& found) const {
  std::uint64_t newest = 0;  // prefix of the newest batch of which something shows
  std::map<Bytes, Bytes, std::less<>> shown;
  for (const auto& [key, value] : found) {
    if (Judgement foreign = model_.ExplainForeign(key, value)) return *foreign;
    const std::optional<Model::Version> version = model_.FindVersion(key, value);
    BEACH_CHECK(version.has_value());
    newest = std::max(newest, version->prefix);
    shown.emplace(key, value);
  }
  const std::vector<Bytes> keys = model_.Keys();
  for (const Bytes& key : keys) {
    // A key that is gone shows that its delete is there.
    if (shown.contains(key) || !model_.At(key, newest).value) continue;
    newest = std::max(newest, model_.DeletedAfter(key, newest).value_or(newest));
  }
  for (const Bytes& key : keys) {
    const auto at = shown.find(key);
    const std::optional<Bytes> value =
        at == shown.end() ? std::nullopt : std::optional<Bytes>(at->second);
    if (model_.At(key, newest).value != value) return Missing(key, value, newest);
  }
  // A prefix after all, but one that ends too early.
  BEACH_CHECK_LT(newest, Floor());
  const std::uint64_t floor = Floor();
  return {.rule = "durable-ack-lost",
          .message = "recovery must show at least the first " + std::to_string(floor) +
                     " batches, up to " + model_.DescribeBatch(model_.BatchAt(floor)) +
                     ", but shows the first " + std::to_string(newest) + " only"};
}

// `key` shows `shown`, while other keys show a batch from which on it must show something else.
Violation CrashOracle::Missing(ByteView key, const std::optional<Bytes>& shown,
                               std::uint64_t newest) const {
  const Model::Version expected = model_.At(key, newest);
  std::string message = "recovered key " + Quoted(key) + " shows " + DescribeValue(shown) +
                        "; expected " + DescribeValue(expected.value);
  if (expected.prefix == 0) {
    message += ", which was there at an earlier recovery";
    return {.rule = "outcome-changed", .message = std::move(message)};
  }
  message += " by " + model_.DescribeBatch(model_.BatchAt(expected.prefix));
  if (expected.prefix == newest) {
    message += ", of which other operations show";
    return {.rule = "torn-batch", .message = std::move(message)};
  }
  message += ", since the later " + model_.DescribeBatch(model_.BatchAt(newest)) + " shows";
  const bool lost = expected.prefix <= Floor();
  return {.rule = lost ? "durable-ack-lost" : "not-a-prefix", .message = std::move(message)};
}

}  // namespace beach::oracle
