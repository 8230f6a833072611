// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/wal_workload.h"

#include <charconv>
#include <string>
#include <string_view>
#include <utility>

#include "engine/wal/format.h"
#include "oracle/value_id.h"

namespace beach::sim::scenarios::log_alone {
namespace {

constexpr std::uint64_t kCountMax = 1'000;
constexpr std::uint64_t kSizeMax = 24 * 1024;  // the smallest segment takes it
constexpr std::uint64_t kPauseMaxNs = 1'000'000'000;

constexpr KindWeight kUsualWeights[] = {{"append", 88}, {"sync", 2},   {"vouch", 4},
                                        {"mark", 1},    {"retire", 3}, {"pause", 2}};

// Whose draws are those of one operation: what another draws has no part in them.
class Generator {
 public:
  Generator(const Plan& plan, RandomStream stream) : plan_(plan), stream_(stream) {}

  void Fill(artifacts::Operation& operation, std::span<const KindWeight> weights) {
    operation.kind = DrawKind(stream_, weights);
    if (operation.kind == "append") {
      const bool sync = stream_.Below(100) < plan_.sync_percent;
      const std::uint64_t count = stream_.Between(1, 4);
      operation.arguments = {sync ? "sync" : "nosync", std::to_string(count),
                             std::to_string(Size())};
    } else if (operation.kind == "pause") {
      operation.arguments = {std::to_string(stream_.Between(1'000, 4'000'000))};
    }
  }

 private:
  std::uint64_t Size() {
    const std::uint64_t choice = stream_.Below(64);
    if (choice == 0) return stream_.Between(1'000, 12'000);
    if (choice > 2) return stream_.Below(plan_.size_max + 1);
    // So that the record ends near the end of a block, or fills it.
    const std::uint64_t end = stream_.Between(1, 2) * engine::wal::kBlockSize + 8;
    return end - stream_.Below(17) - engine::wal::kItemHeaderSize;
  }

  const Plan& plan_;
  RandomStream stream_;
};

std::optional<std::uint64_t> ParseNumber(std::string_view text, std::uint64_t maximum) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  if (value > maximum) return std::nullopt;
  return value;
}

}  // namespace

std::span<const KindWeight> UsualWeights() { return kUsualWeights; }

std::vector<artifacts::Operation> MakeWorkload(const Plan& plan, RandomStream stream,
                                               std::span<const KindWeight> weights) {
  const std::uint64_t key = stream.Next();
  std::vector<artifacts::Operation> operations;
  std::uint64_t id = 0;
  for (std::uint64_t life = 0; life < plan.lives.size(); ++life) {
    for (std::uint64_t writer = 0; writer < plan.writers; ++writer) {
      for (std::uint64_t i = 0; i < plan.operations_per_writer; ++i) {
        artifacts::Operation operation{
            .id = ++id, .life = life, .client = writer, .kind = {}, .arguments = {}};
        Generator(plan, RandomStream(RandomValue(key, id))).Fill(operation, weights);
        operations.push_back(std::move(operation));
      }
    }
  }
  return operations;
}

std::optional<Command> ParseOperation(const artifacts::Operation& operation) {
  const std::vector<std::string>& arguments = operation.arguments;
  Command command;
  command.id = operation.id;
  if (operation.id == 0) return std::nullopt;
  if (operation.kind == "append") {
    command.kind = CommandKind::kAppend;
    if (arguments.size() != 3) return std::nullopt;
    if (arguments[0] != "sync" && arguments[0] != "nosync") return std::nullopt;
    command.sync = arguments[0] == "sync";
    const std::optional<std::uint64_t> count = ParseNumber(arguments[1], kCountMax);
    const std::optional<std::uint64_t> size = ParseNumber(arguments[2], kSizeMax);
    if (!count || *count == 0 || !size) return std::nullopt;
    command.count = *count;
    command.size = *size;
    return command;
  }
  if (operation.kind == "pause") {
    if (arguments.size() != 1) return std::nullopt;
    const std::optional<std::uint64_t> pause = ParseNumber(arguments[0], kPauseMaxNs);
    if (!pause) return std::nullopt;
    command.pause_ns = *pause;
    return command;
  }
  if (!arguments.empty()) return std::nullopt;
  if (operation.kind == "sync") {
    command.kind = CommandKind::kSync;
  } else if (operation.kind == "vouch") {
    command.kind = CommandKind::kVouch;
  } else if (operation.kind == "mark") {
    command.kind = CommandKind::kMark;
  } else if (operation.kind == "retire") {
    command.kind = CommandKind::kRetire;
  } else {
    return std::nullopt;
  }
  return command;
}

Bytes MakePayload(std::uint64_t id, std::uint64_t size) {
  const oracle::ValueId value{oracle::BatchId(id), 0};
  const std::size_t name_size = oracle::MakeValue(value, 0).size();
  return oracle::MakeValue(value, size > name_size ? size - name_size : 0);
}

}  // namespace beach::sim::scenarios::log_alone
