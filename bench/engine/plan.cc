// SPDX-License-Identifier: Apache-2.0
#include "bench/engine/plan.h"

#include <algorithm>
#include <array>
#include <charconv>

namespace beach::bench {
namespace {

// One that flushes for every put would take minutes.
constexpr std::uint64_t kSyncedNsMax = 5'000'000'000;

constexpr std::array kWorkloads = {
    Workload{.name = "fillseq",
             .action = Action::kFillSequential,
             .data = Data::kOwn,
             .help = "put n records in order",
             .threads = 1},
    Workload{.name = "fillsync1",
             .action = Action::kFillRandom,
             .data = Data::kOwn,
             .help = "n/200 synced puts by 1 thread, 5 s at most",
             .sync = true,
             .threads = 1,
             .operations_per = 200,
             .stride = 1,
             .time_ns_max = kSyncedNsMax},
    Workload{.name = "fillsync16",
             .action = Action::kFillRandom,
             .data = Data::kOwn,
             .help = "n/40 synced puts by 16 threads, the same",
             .sync = true,
             .threads = 16,
             .operations_per = 40,
             .stride = 1,
             .time_ns_max = kSyncedNsMax},
    Workload{.name = "fillsync64",
             .action = Action::kFillRandom,
             .data = Data::kOwn,
             .help = "n/20 synced puts by 64 threads, the same",
             .sync = true,
             .threads = 64,
             .operations_per = 20,
             .stride = 1,
             .time_ns_max = kSyncedNsMax},
    Workload{.name = "fillrandom",
             .action = Action::kFillRandom,
             .data = Data::kMakes,
             .help = "put n records, each once, in random order",
             .threads = 1},
    Workload{.name = "readseq",
             .action = Action::kReadSequential,
             .data = Data::kReads,
             .help = "a scan over all n records",
             .threads = 1,
             .stride = 61},
    Workload{.name = "readrandom",
             .action = Action::kReadRandom,
             .data = Data::kReads,
             .help = "get records that are there"},
    Workload{.name = "readmissing",
             .action = Action::kReadMissing,
             .data = Data::kReads,
             .help = "get keys that are not, between those that are"},
    Workload{.name = "seekrandom",
             .action = Action::kSeekRandom,
             .data = Data::kReads,
             .help = "n/4 times a new cursor, a seek and 10 nexts",
             .operations_per = 4},
    Workload{.name = "mix-c",
             .action = Action::kMix,
             .data = Data::kReads,
             .help = "99 % gets of absent keys, 1 % of present ones; blocks touched per miss",
             .mix = {.get_permille = 10, .miss_permille = 990}},
    Workload{.name = "readwhilewriting",
             .action = Action::kReadWhileWriting,
             .data = Data::kChanges,
             .help = "readrandom, beside a writer of 50,000 puts a second"},
    Workload{.name = "mix-b",
             .action = Action::kMix,
             .data = Data::kChanges,
             .help = "95 % gets, 5 % overwrites",
             .mix = {.put_permille = 50, .get_permille = 950}},
    Workload{.name = "mix-a",
             .action = Action::kMix,
             .data = Data::kChanges,
             .help = "95 % overwrites with 256 bytes, 5 % gets",
             .value_size = 256,
             .mix = {.put_permille = 950, .get_permille = 50}},
    Workload{.name = "overwrite",
             .action = Action::kOverwrite,
             .data = Data::kChanges,
             .help = "put n times to random records",
             .threads = 1},
};

std::vector<std::string> SplitAtCommas(const std::string& text) {
  std::vector<std::string> parts;
  for (std::size_t begin = 0; begin <= text.size() && !text.empty();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    parts.push_back(text.substr(begin, end - begin));
    begin = end + 1;
  }
  return parts;
}

std::string Joined(const std::vector<std::string>& names) {
  std::string text;
  for (const std::string& name : names) text += (text.empty() ? "" : ", ") + name;
  return text;
}

}  // namespace

const std::vector<std::string>& PeerNames() {
  static const std::vector<std::string> names = {"rocksdb", "leveldb", "lmdb"};
  return names;
}

std::span<const Workload> AllWorkloads() { return kWorkloads; }

std::vector<Step> StepsOf(const Plan& plan) {
  std::vector<Step> steps;
  for (const Workload* workload : plan.workloads) {
    if (workload->threads != 0) {
      steps.push_back({.workload = workload, .threads = workload->threads});
      continue;
    }
    for (const std::uint64_t threads : plan.threads) {
      steps.push_back({.workload = workload, .threads = threads});
    }
  }
  return steps;
}

std::uint64_t OperationsOf(const Step& step, std::uint64_t records) {
  return std::max(records / step.workload->operations_per, step.threads);
}

Result<std::vector<const Workload*>> ParseWorkloads(const std::string& names) {
  const std::vector<std::string> wanted = SplitAtCommas(names);
  std::vector<std::string> known;
  std::vector<const Workload*> chosen;
  for (const Workload& workload : kWorkloads) {
    known.emplace_back(workload.name);
    if (wanted.empty() || std::ranges::find(wanted, workload.name) != wanted.end()) {
      chosen.push_back(&workload);
    }
  }
  for (const std::string& name : wanted) {
    if (std::ranges::find(known, name) != known.end()) continue;
    return Fail(ErrorCode::kInvalidArgument,
                "there is no workload '" + name + "'; there are: " + Joined(known));
  }
  return chosen;
}

Result<std::vector<std::uint64_t>> ParseThreads(const std::string& text, std::uint64_t max) {
  std::vector<std::uint64_t> all;
  for (const std::string& part : SplitAtCommas(text)) {
    std::uint64_t threads = 0;
    const char* const end = part.data() + part.size();
    const auto parsed = std::from_chars(part.data(), end, threads);
    if (parsed.ec != std::errc() || parsed.ptr != end || threads < 1 || threads > max) {
      return Fail(ErrorCode::kInvalidArgument,
                  "'" + part + "' is no number from 1 to " + std::to_string(max));
    }
    if (std::ranges::find(all, threads) == all.end()) all.push_back(threads);
  }
  if (all.empty()) return Fail(ErrorCode::kInvalidArgument, "no number is given");
  return all;
}

Result<std::vector<const Engine*>> ChooseEngines(const Engines& built, const std::string& peers) {
  const std::vector<std::string> wanted = SplitAtCommas(peers);
  std::vector<const Engine*> chosen;
  for (const auto& engine : built) {
    const bool is_peer = std::ranges::find(PeerNames(), engine->name()) != PeerNames().end();
    if (!is_peer || std::ranges::find(wanted, engine->name()) != wanted.end()) {
      chosen.push_back(engine.get());
    }
  }
  for (const std::string& name : wanted) {
    if (std::ranges::find(PeerNames(), name) == PeerNames().end()) {
      return Fail(ErrorCode::kInvalidArgument,
                  "there is no peer '" + name + "'; there are: " + Joined(PeerNames()));
    }
    if (std::ranges::none_of(chosen, [&](const Engine* one) { return one->name() == name; })) {
      return Fail(ErrorCode::kUnsupported,
                  "this beachbench was built without " + name +
                      ": run `make peers` and build again, or leave it out of --peers");
    }
  }
  return chosen;
}

}  // namespace beach::bench
