// SPDX-License-Identifier: Apache-2.0
#include "crash/plan/workload.h"

#include <algorithm>
#include <charconv>
#include <string>
#include <utility>

#include "oracle/value_id.h"

namespace beach::crash {
namespace {

constexpr std::uint64_t kSizeMax = 16'000;  // of a filler: the largest batch fits any log segment
constexpr std::uint64_t kBatchMax = 5;      // changes
constexpr std::uint64_t kLargeSizeMax = 3'000;

struct Weight {
  const char* kind;
  std::uint64_t weight;
};

constexpr Weight kWeights[] = {{"put", 42},       {"delete", 10}, {"batch", 14}, {"erase", 4},
                               {"get", 8},        {"scan", 2},    {"flush", 7},  {"compact", 6},
                               {"checkpoint", 3}, {"backup", 3}};

// Any bytes may be a key: one in eight ends in some that are no text.
Bytes KeyName(std::uint64_t number) {
  Bytes key = "k" + std::to_string(100 + number);
  if (number % 8 == 7) key += Bytes("\0\xff\n\"", 4);
  return key;
}

class Generator {
 public:
  Generator(const WorkloadRequest& request, RandomStream stream)
      : request_(request), stream_(stream) {}

  artifacts::Operation Make(std::uint64_t id, std::uint64_t client) {
    artifacts::Operation operation{
        .id = id, .life = request_.life, .client = client, .kind = Kind(client), .arguments = {}};
    std::vector<std::string>& arguments = operation.arguments;
    if (operation.kind == "get") {
      arguments.push_back(Key());
    } else if (operation.kind == "compact") {
      if (stream_.Chance(1, 2)) Range(arguments);
    } else if (operation.kind == "put" || operation.kind == "delete" || operation.kind == "erase") {
      arguments.push_back(Durability());
      Change(operation.kind, arguments);
    } else if (operation.kind == "batch") {
      arguments.push_back(Durability());
      const std::uint64_t changes = stream_.Between(1, kBatchMax);
      for (std::uint64_t i = 0; i < changes; ++i) {
        const std::uint64_t which = stream_.Below(8);
        const std::string kind = which < 5 ? "put" : (which < 7 ? "delete" : "erase");
        arguments.push_back(kind);
        Change(kind, arguments);
      }
    }
    return operation;
  }

 private:
  std::string Kind(std::uint64_t client) {
    std::uint64_t sum = 0;
    for (const Weight& weight : kWeights) sum += weight.weight;
    std::uint64_t drawn = stream_.Below(sum);
    const Weight* chosen = std::begin(kWeights);
    while (drawn >= chosen->weight) drawn -= (chosen++)->weight;
    // Two that work at one place at once refuse each other.
    if (std::string(chosen->kind) == "backup" && client != 0) return "flush";
    return chosen->kind;
  }

  void Change(const std::string& kind, std::vector<std::string>& arguments) {
    if (kind == "erase") return Range(arguments);
    arguments.push_back(Key());
    if (kind == "put") arguments.push_back(std::to_string(Size()));
  }

  void Range(std::vector<std::string>& arguments) {
    Bytes from = Key();
    Bytes to = Key();
    if (to < from) std::swap(from, to);
    if (to == from) to.push_back('\0');  // no range is empty: that would be no operation
    arguments.push_back(std::move(from));
    arguments.push_back(std::move(to));
  }

  std::string Durability() { return stream_.Chance(2, 5) ? "sync" : "nosync"; }
  Bytes Key() { return KeyName(stream_.Below(request_.keys)); }
  std::uint64_t Size() {
    if (stream_.Chance(1, 20)) return stream_.Below(kLargeSizeMax);
    return stream_.Below(request_.value_size_max);
  }

  const WorkloadRequest request_;
  RandomStream stream_;
};

// Reads one change that begins at `at`, and moves it on.
std::optional<oracle::ModelOperation> ParseChange(const std::string& kind,
                                                  const std::vector<std::string>& arguments,
                                                  std::size_t& at, oracle::ValueId id) {
  const std::size_t count = kind == "delete" ? 1 : 2;
  if (arguments.size() - at < count) return std::nullopt;
  const std::size_t begin = std::exchange(at, at + count);
  oracle::ModelOperation change{.key = arguments[begin], .value = std::nullopt};
  if (kind == "delete") return change;
  const std::string& second = arguments[begin + 1];
  if (kind == "erase") {
    if (second <= change.key) return std::nullopt;
    change.range_end = second;
    return change;
  }
  if (kind != "put") return std::nullopt;
  std::uint64_t size = 0;
  const char* const end = second.data() + second.size();
  const auto parsed = std::from_chars(second.data(), end, size);
  if (parsed.ec != std::errc() || parsed.ptr != end || size > kSizeMax) return std::nullopt;
  change.value = oracle::MakeValue(id, size);
  return change;
}

std::optional<Action> ParseWrite(const artifacts::Operation& operation) {
  const std::vector<std::string>& arguments = operation.arguments;
  if (arguments.empty() || (arguments[0] != "sync" && arguments[0] != "nosync")) {
    return std::nullopt;
  }
  Action action{.kind = ActionKind::kWrite, .batch = {}, .key = {}};
  action.batch.id = oracle::BatchId(operation.id);
  action.batch.client = operation.client + 1;
  action.batch.sync = arguments[0] == "sync";
  const bool several = operation.kind == "batch";
  std::size_t at = 1;
  do {
    if (several && at == arguments.size()) return std::nullopt;
    const std::string& kind = several ? arguments[at++] : operation.kind;
    const auto index = static_cast<std::uint32_t>(action.batch.operations.size());
    auto change = ParseChange(kind, arguments, at, {action.batch.id, index});
    if (!change) return std::nullopt;
    action.batch.operations.push_back(*std::move(change));
  } while (several && at < arguments.size());
  if (at != arguments.size()) return std::nullopt;
  return action;
}

}  // namespace

std::optional<Action> ParseOperation(const artifacts::Operation& operation) {
  const std::string& kind = operation.kind;
  const std::vector<std::string>& arguments = operation.arguments;
  if (kind == "put" || kind == "delete" || kind == "erase" || kind == "batch") {
    return ParseWrite(operation);
  }
  Action action;
  if (kind == "get") {
    if (arguments.size() != 1) return std::nullopt;
    action.kind = ActionKind::kGet;
    action.key = arguments[0];
    return action;
  }
  if (kind == "compact") {
    action.kind = ActionKind::kCompact;
    if (arguments.empty()) return action;
    if (arguments.size() != 2 || arguments[1] < arguments[0]) return std::nullopt;
    action.range = oracle::KeyRange{.from = arguments[0], .to = arguments[1]};
    return action;
  }
  if (!arguments.empty()) return std::nullopt;
  if (kind == "scan") {
    action.kind = ActionKind::kScan;
  } else if (kind == "flush") {
    action.kind = ActionKind::kFlush;
  } else if (kind == "checkpoint") {
    action.kind = ActionKind::kCheckpoint;
  } else if (kind == "backup") {
    action.kind = ActionKind::kBackup;
  } else {
    return std::nullopt;
  }
  return action;
}

std::vector<artifacts::Operation> MakeWorkload(const WorkloadRequest& request,
                                               RandomStream stream) {
  Generator generator(request, stream);
  std::vector<artifacts::Operation> operations;
  for (std::uint64_t i = 0; i < request.operations; ++i) {
    operations.push_back(generator.Make(request.first_id + i, i % request.clients));
  }
  return operations;
}

}  // namespace beach::crash
