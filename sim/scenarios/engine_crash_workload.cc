// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_crash_workload.h"

#include <algorithm>
#include <initializer_list>
#include <iterator>
#include <string>
#include <utility>

namespace beach::sim::scenarios::engine_crash {
namespace {

constexpr std::size_t kSizeMax = std::size_t{1} << 20;
// Bytes of one batch before its last operation, so that the largest fits the smallest segment.
constexpr std::uint64_t kBatchSizeMax = 20'000;
constexpr std::uint64_t kOperationSize = 40;  // at least what one takes beside key and filler
// In the order of oracle::MergeKind.
constexpr const char* kMerges[] = {"add", "append", "max", "min"};
constexpr std::uint64_t kOperandSizeMax = 20;  // beside its id; so that values that grow stay small
constexpr std::uint64_t kPauseMaxNs = 1'000'000'000;
constexpr std::uint64_t kTimeMax = 9'000'000'000'000'000'000;
// The time moves on by about one with each operation of a client, and values live about so long.
constexpr std::uint64_t kLifetime = 60;
constexpr std::uint64_t kBackMax = 1'000'000;

std::optional<std::uint64_t> ParseNumber(const std::string& text, std::uint64_t maximum) {
  if (text.empty() || text.size() > 19) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (c < '0' || c > '9') return std::nullopt;
    value = value * 10 + static_cast<std::uint64_t>(c - '0');
  }
  if (value > maximum) return std::nullopt;
  return value;
}

constexpr KindWeight kUsualWeights[] = {
    {"put", 46},  {"delete", 10}, {"batch", 14}, {"get", 17},  {"scan", 3},     {"hold", 2},
    {"check", 1}, {"flush", 1},   {"pause", 4},  {"range", 1}, {"multiget", 1}, {"erase", 2},
    {"merge", 5}, {"if", 7},      {"async", 5},  {"until", 6}, {"time", 2}};
constexpr KindWeight kWeightsOfReaders[] = {
    {"put", 34},   {"delete", 8}, {"batch", 14}, {"get", 6},    {"multiget", 8}, {"scan", 2},
    {"range", 6},  {"hold", 8},   {"check", 5},  {"flush", 4},  {"pause", 4},    {"erase", 4},
    {"merge", 12}, {"if", 5},     {"async", 4},  {"until", 12}, {"time", 4}};
// Half of what is written is deleted or written over; flushes make small tables.
constexpr KindWeight kWeightsOfCompaction[] = {
    {"put", 44},  {"delete", 16}, {"batch", 14}, {"get", 8},     {"multiget", 2}, {"scan", 2},
    {"hold", 5},  {"check", 3},   {"flush", 4},  {"compact", 1}, {"range", 1},    {"pause", 5},
    {"erase", 4}, {"merge", 12},  {"if", 5},     {"async", 4},   {"until", 16},   {"time", 4}};

// --- Generation.

class Generator {
 public:
  Generator(const Plan& plan, RandomStream stream) : plan_(plan), stream_(stream) {}

  // `now`: how many operations of its client and the lives before come before it.
  void Fill(artifacts::Operation& operation, std::uint64_t now,
            std::span<const KindWeight> weights) {
    now_ = now;
    // Several of these in a row wait together.
    const bool again = last_async_ && stream_.Chance(1, 2);
    operation.kind = again ? "async" : DrawKind(stream_, weights);
    last_async_ = operation.kind == "async";
    const std::string& kind = operation.kind;
    if (kind == "put") {
      operation.arguments = {Durability(), Key(), Size()};
    } else if (kind == "delete") {
      operation.arguments = {Durability(), Key()};
    } else if (kind == "erase") {
      operation.arguments = {Durability()};
      AppendRange(operation);
    } else if (kind == "merge") {
      operation.arguments = {Durability()};
      AppendMerge(operation, Key());
    } else if (kind == "until") {
      operation.arguments = {Durability(), Key(), Size(), Expiry()};
    } else if (kind == "time") {
      operation.arguments = {Durability(), Time()};
    } else if (kind == "batch" || kind == "async") {
      operation.arguments = {Durability()};
      AppendBatch(operation);
    } else if (kind == "if") {
      FillIf(operation);
    } else if (kind == "get") {
      operation.arguments = {Key()};
      if (stream_.Chance(1, 8)) operation.arguments.push_back(Expiry());
    } else if (kind == "multiget") {
      operation.arguments.resize(stream_.Between(1, 6));
      for (std::string& key : operation.arguments) key = Key();
    } else if (kind == "scan" || kind == "range") {
      FillScan(operation);
    } else if (kind == "compact") {
      operation.arguments = {Key(), Key()};
    } else if (kind == "hold") {
      operation.arguments = {Slot()};
    } else if (kind == "check") {
      operation.arguments = {stream_.Chance(1, 2) ? "forward" : "backward"};
      operation.arguments.push_back(Slot());
    } else if (kind == "pause") {
      // Some last until the engine tries again what had no space.
      const std::uint64_t nanoseconds = stream_.Chance(1, 4)
                                            ? stream_.Between(4'000'000, 250'000'000)
                                            : stream_.Between(1'000, 4'000'000);
      operation.arguments = {std::to_string(nanoseconds)};
    }
  }

 private:
  void AppendBatch(artifacts::Operation& operation) {
    const std::uint64_t count = stream_.Chance(1, 8) ? stream_.Below(40) : stream_.Below(6);
    std::uint64_t size = 0;
    for (std::uint64_t i = 0; i < count && size < kBatchSizeMax; ++i) {
      const Bytes key = Key();
      size += key.size() + kOperationSize;
      if (stream_.Chance(1, 16)) {
        operation.arguments.emplace_back("erase");
        AppendRange(operation);
        size += operation.arguments.back().size() + kOperationSize;
      } else if (stream_.Chance(1, 8)) {
        operation.arguments.emplace_back("merge");
        AppendMerge(operation, key);
        size += kOperandSizeMax;
      } else if (stream_.Chance(1, 24)) {
        operation.arguments.insert(operation.arguments.end(), {"time", Time()});
      } else if (stream_.Chance(1, 4)) {
        operation.arguments.insert(operation.arguments.end(), {"delete", key});
      } else {
        const std::string filler = Size();
        size += ParseNumber(filler, kSizeMax).value_or(0);
        const bool expires = stream_.Chance(1, 6);
        operation.arguments.insert(operation.arguments.end(),
                                   {expires ? "until" : "put", key, filler});
        if (expires) operation.arguments.push_back(Expiry());
      }
    }
  }

  // Mostly a key that is replaced or deleted where it is as it was, which others may do meanwhile.
  void FillIf(artifacts::Operation& operation) {
    operation.arguments = {Durability()};
    const Bytes key = Key();
    const std::uint64_t choice = stream_.Below(16);
    const char* const expectation = choice < 12 ? "seen" : choice < 15 ? "absent" : "other";
    operation.arguments.insert(operation.arguments.end(), {expectation, key});
    const bool simple = stream_.Chance(3, 4);
    for (std::uint64_t more = simple ? 0 : stream_.Below(3); more > 0; --more) {
      operation.arguments.insert(operation.arguments.end(), {"seen", Key()});
    }
    operation.arguments.emplace_back("then");
    if (!simple) return AppendBatch(operation);
    if (stream_.Chance(1, 5)) {
      operation.arguments.insert(operation.arguments.end(), {"delete", key});
    } else {
      operation.arguments.insert(operation.arguments.end(), {"put", key, Size()});
    }
  }

  // Mostly a few neighbours, so that not everything is gone all the time.
  void AppendRange(artifacts::Operation& operation) {
    const std::uint64_t from = KeyNumber();
    const std::uint64_t most = stream_.Chance(1, 6) ? plan_.keys : 6;
    operation.arguments.push_back(KeyName(from));
    operation.arguments.push_back(KeyName(from + stream_.Between(1, most)));
  }

  // Sums most of all: they tell how often each operand was applied.
  void AppendMerge(artifacts::Operation& operation, const Bytes& key) {
    const std::uint64_t choice = stream_.Below(8);
    operation.arguments.emplace_back(choice < 3   ? "add"
                                     : choice < 6 ? "append"
                                                  : kMerges[choice - 4]);
    operation.arguments.push_back(key);
    operation.arguments.push_back(std::to_string(stream_.Below(kOperandSizeMax)));
  }

  void FillScan(artifacts::Operation& operation) {
    operation.arguments = {stream_.Chance(1, 2) ? "forward" : "backward"};
    if (stream_.Chance(1, 4)) {
      operation.arguments.push_back("");
      return;
    }
    operation.arguments.push_back(Key());
    if (stream_.Chance(2, 3)) operation.arguments.push_back(Key());
  }

  // Mostly soon; now and then at once, or never.
  std::string Expiry() {
    const std::uint64_t choice = stream_.Below(32);
    if (choice < 2) return std::to_string(stream_.Below(now_ + 1));
    if (choice == 2) return std::to_string(kTimeMax);
    return std::to_string(now_ + stream_.Below(kLifetime));
  }
  // Clients are not at the same operation: for some it goes back, as far as they can tell.
  std::string Time() {
    const std::uint64_t choice = stream_.Below(16);
    if (choice == 0) return std::to_string(stream_.Below(now_ + 1));
    return std::to_string(now_ + stream_.Below(choice == 1 ? kLifetime : 8));
  }

  std::string Durability() { return stream_.Chance(1, 2) ? "sync" : "nosync"; }
  std::string Slot() { return std::to_string(stream_.Below(kSlots)); }
  std::string Key() { return KeyName(KeyNumber()); }
  std::uint64_t KeyNumber() {
    if (plan_.key_window == 0) return stream_.Below(plan_.keys);
    // Now and then anywhere, and each key moves the window by a quarter of one.
    if (stream_.Chance(1, 12)) return stream_.Below(plan_.keys);
    const std::uint64_t begin = ++drawn_ / 4;
    return (begin + stream_.Below(plan_.key_window)) % plan_.keys;
  }
  std::string Size() {
    const std::uint64_t choice = stream_.Below(32);
    if (choice == 0) return "empty";
    if (choice == 1) return std::to_string(stream_.Between(2'000, 9'000));
    if (choice < 6) return std::to_string(stream_.Between(100, 800));
    return std::to_string(stream_.Below(60));
  }

  const Plan& plan_;
  RandomStream stream_;
  std::uint64_t drawn_ = 0;  // keys, in a window
  std::uint64_t now_ = 0;
  bool last_async_ = false;
};

// --- Parsing. Workloads come from artifacts too, where anything may stand.

// Takes the arguments one by one; the first that does not fit turns it bad.
class Arguments {
 public:
  explicit Arguments(const std::vector<std::string>& arguments) : arguments_(arguments) {}

  bool more() const { return next_ < arguments_.size(); }
  bool done() const { return ok_ && !more(); }

  std::string Text() {
    if (!more()) return ok_ = false, "";
    return arguments_[next_++];
  }
  // One of the words; else bad.
  std::string OneOf(std::initializer_list<const char*> words) {
    const std::string text = Text();
    if (std::ranges::find(words, text) == words.end()) ok_ = false;
    return text;
  }
  // Whether it is the first of the two words.
  bool Either(const char* first, const char* second) {
    const std::string text = Text();
    if (text != first && text != second) ok_ = false;
    return text == first;
  }
  std::uint64_t Number(std::uint64_t maximum) {
    const std::optional<std::uint64_t> number = ParseNumber(Text(), maximum);
    if (!number) ok_ = false;
    return number.value_or(0);
  }

  void Put(oracle::ModelBatch& batch) {
    Bytes key = Text();
    const std::string size = Text();
    const auto index = static_cast<std::uint32_t>(batch.operations.size());
    Bytes value;
    if (size != "empty") {
      const std::optional<std::uint64_t> filler = ParseNumber(size, kSizeMax);
      if (!filler) return void(ok_ = false);
      value = oracle::MakeValue({batch.id, index}, *filler);
    }
    batch.operations.push_back({.key = std::move(key), .value = std::move(value)});
  }
  void Until(oracle::ModelBatch& batch) {
    Put(batch);
    const std::uint64_t expires_at = Number(kTimeMax);
    if (ok_) batch.operations.back().expires_at = expires_at;
  }
  void Time(oracle::ModelBatch& batch) {
    const std::uint64_t time = Number(kTimeMax);
    batch.operations.push_back({.key = {}, .value = std::nullopt, .time = time});
  }
  void Delete(oracle::ModelBatch& batch) {
    batch.operations.push_back({.key = Text(), .value = std::nullopt});
  }
  void Erase(oracle::ModelBatch& batch) {
    Bytes from = Text();
    Bytes to = Text();
    if (to < from) std::swap(from, to);
    if (from == to) ok_ = false;  // no operation
    batch.operations.push_back(
        {.key = std::move(from), .value = std::nullopt, .range_end = std::move(to)});
  }
  // A sum of numbers of which each is another one tells which are in it.
  void Merge(oracle::ModelBatch& batch) {
    const std::string name = OneOf({"add", "append", "max", "min"});
    Bytes key = Text();
    const std::uint64_t filler = Number(kSizeMax);
    const auto index = static_cast<std::uint32_t>(batch.operations.size());
    const oracle::ValueId id{batch.id, index};
    const auto kind =
        static_cast<oracle::MergeKind>(std::ranges::find(kMerges, name) - std::begin(kMerges));
    if (!ok_) return;
    Bytes operand = kind == oracle::MergeKind::kAdd
                        ? oracle::NumberOperand(RandomValue(id.batch.value, id.operation))
                        : oracle::MakeValue(id, filler);
    batch.operations.push_back({.key = std::move(key),
                                .value = std::move(operand),
                                .range_end = std::nullopt,
                                .merge = kind});
  }
  // To "then".
  void Conditions(std::vector<Condition>& conditions) {
    while (ok_) {
      const std::string word = OneOf({"seen", "absent", "other", "then"});
      if (word == "then") return;
      const Expectation expectation = word == "seen"     ? Expectation::kSeen
                                      : word == "absent" ? Expectation::kAbsent
                                                         : Expectation::kOther;
      conditions.push_back({.expectation = expectation, .key = Text()});
    }
  }
  // By its name.
  void Take(const std::string& kind, oracle::ModelBatch& batch) {
    if (kind == "put") Put(batch);
    if (kind == "delete") Delete(batch);
    if (kind == "erase") Erase(batch);
    if (kind == "merge") Merge(batch);
    if (kind == "until") Until(batch);
    if (kind == "time") Time(batch);
  }

 private:
  const std::vector<std::string>& arguments_;
  std::size_t next_ = 0;
  bool ok_ = true;
};

}  // namespace

// The empty key, short keys, and now and then a long one that shares its front with a short one.
Bytes KeyName(std::uint64_t number) {
  if (number == 0) return "";
  Bytes key = "k" + std::to_string(number / 10) + std::to_string(number % 10);
  if (number % 11 == 0) key.append(200, 'x');
  return key;
}

std::span<const KindWeight> UsualWeights() { return kUsualWeights; }
std::span<const KindWeight> WeightsOf(Focus focus) {
  switch (focus) {
    case Focus::kWrites: break;
    case Focus::kReaders: return kWeightsOfReaders;
    case Focus::kCompaction: return kWeightsOfCompaction;
  }
  return kUsualWeights;
}

std::vector<artifacts::Operation> MakeWorkload(const Plan& plan, RandomStream stream,
                                               std::span<const KindWeight> weights) {
  Generator generator(plan, stream);
  std::vector<artifacts::Operation> operations;
  std::uint64_t id = 0;
  for (std::uint64_t life = 0; life < plan.lives.size(); ++life) {
    for (std::uint64_t client = 0; client < plan.clients; ++client) {
      for (std::uint64_t i = 0; i < plan.operations_per_client; ++i) {
        artifacts::Operation operation{
            .id = ++id, .life = life, .client = client, .kind = {}, .arguments = {}};
        generator.Fill(operation, life * plan.operations_per_client + i, weights);
        operations.push_back(std::move(operation));
      }
    }
  }
  return operations;
}

std::optional<Command> ParseOperation(const artifacts::Operation& operation) {
  Arguments arguments(operation.arguments);
  Command command;
  const std::string& kind = operation.kind;
  if (kind == "put" || kind == "delete" || kind == "erase" || kind == "merge" || kind == "batch" ||
      kind == "async" || kind == "if" || kind == "until" || kind == "time") {
    command.kind = kind == "if"      ? CommandKind::kWriteIf
                   : kind == "async" ? CommandKind::kWriteAsync
                                     : CommandKind::kWrite;
    command.batch.id = oracle::BatchId(operation.id);
    command.batch.client = operation.client + 1;  // whose ids go up
    command.batch.sync = arguments.Either("sync", "nosync");
    if (operation.id == 0) return std::nullopt;
    if (kind == "if") arguments.Conditions(command.conditions);
    const bool several = kind == "batch" || kind == "async" || kind == "if";
    if (!several) arguments.Take(kind, command.batch);
    while (several && arguments.more()) {
      arguments.Take(arguments.OneOf({"put", "delete", "erase", "merge", "until", "time"}),
                     command.batch);
    }
  } else if (kind == "get") {
    command.kind = CommandKind::kGet;
    command.key = arguments.Text();
    if (arguments.more()) command.time = arguments.Number(kTimeMax);
  } else if (kind == "multiget") {
    command.kind = CommandKind::kMultiGet;
    while (arguments.more()) command.keys.push_back(arguments.Text());
  } else if (kind == "scan" || kind == "range") {
    command.kind = kind == "scan" ? CommandKind::kScan : CommandKind::kRange;
    command.backward = arguments.Either("backward", "forward");
    command.range.from = arguments.Text();
    if (arguments.more()) command.range.to = arguments.Text();
  } else if (kind == "hold") {
    command.kind = CommandKind::kHold;
    if (arguments.more()) command.slot = arguments.Number(kSlots - 1);
  } else if (kind == "check") {
    command.kind = CommandKind::kCheck;
    command.backward = arguments.Either("backward", "forward");
    if (arguments.more()) command.slot = arguments.Number(kSlots - 1);
  } else if (kind == "flush") {
    command.kind = CommandKind::kFlush;
  } else if (kind == "compact") {
    command.kind = CommandKind::kCompact;
    command.range.from = arguments.Text();
    command.range.to = arguments.Text();
  } else if (kind == "follow") {
    command.kind = CommandKind::kFollow;
    command.back = arguments.Number(kBackMax);
  } else if (kind == "pin") {
    command.kind = CommandKind::kPin;
  } else if (kind == "pause") {
    command.kind = CommandKind::kPause;
    command.pause_ns = arguments.Number(kPauseMaxNs);
  } else {
    return std::nullopt;
  }
  if (!arguments.done()) return std::nullopt;
  return command;
}

}  // namespace beach::sim::scenarios::engine_crash
