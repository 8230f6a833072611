// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "base/error.h"
#include "bench/engine/engine.h"

// What is to be measured, before anything is.

namespace beach::bench {

inline constexpr std::uint64_t kThreadsMax = 64;

enum class Action : std::uint8_t {
  kFillSequential,
  kFillRandom,
  kOverwrite,
  kReadRandom,
  kReadMissing,
  kReadSequential,
  kSeekRandom,
  kReadWhileWriting,
  kMix,
};

// Which database a workload runs on.
enum class Data : std::uint8_t {
  kOwn,      // a new one, removed afterwards
  kMakes,    // a new one, which the others then use
  kReads,    // the one of this round, every record written once; left as it was
  kChanges,  // the same, which no later reader may have
};

// REQUIRES of a mix: the shares make 1000.
struct Mix {
  std::uint64_t put_permille = 0;   // overwrites
  std::uint64_t get_permille = 0;   // of records that are there
  std::uint64_t miss_permille = 0;  // of keys between them
};

struct Workload {
  const char* name;
  Action action;
  Data data;
  const char* help;
  bool sync = false;
  std::uint64_t threads = 0;                      // 0: as many as --threads says, each of them
  std::uint64_t operations_per = 1;               // n is divided by it
  std::uint64_t stride = 7;                       // one operation in so many is timed by itself
  std::uint64_t time_ns_max = ~std::uint64_t{0};  // a thread begins no operation after it
  std::size_t value_size = 100;
  Mix mix = {};
};

// All there are, in the order in which a round runs them: who changes the data comes last.
std::span<const Workload> AllWorkloads();

inline constexpr std::uint64_t kSeekNexts = 10;            // after each seek
inline constexpr std::uint64_t kWriterPerSecond = 50'000;  // of readwhilewriting

struct Plan {
  std::vector<const Workload*> workloads = {};  // in the order of AllWorkloads
  std::vector<std::uint64_t> threads = {1};
  std::uint64_t records = 100'000;
  std::uint64_t rounds = 1;
  StoreSettings settings = {};
  std::string directory = {};  // exists; each engine gets folders in it
};

// One workload as a round runs it.
struct Step {
  const Workload* workload;
  std::uint64_t threads;
};
std::vector<Step> StepsOf(const Plan& plan);
// Operations of all threads together: n by the workload's divisor, at least one a thread.
std::uint64_t OperationsOf(const Step& step, std::uint64_t records);

// "a,b" in the order of AllWorkloads, each once; "" is all. kInvalidArgument names what there is
// not.
Result<std::vector<const Workload*>> ParseWorkloads(const std::string& names);
// "1,2": each from 1 to `max`, each once.
Result<std::vector<std::uint64_t>> ParseThreads(const std::string& text,
                                                std::uint64_t max = kThreadsMax);
// The engine under test and the peers that are named, in the order of `built`. kInvalidArgument for
// a name that is none, kUnsupported for one that this binary was built without, both with what to
// do.
Result<std::vector<const Engine*>> ChooseEngines(const Engines& built, const std::string& peers);

}  // namespace beach::bench
