// SPDX-License-Identifier: Apache-2.0
// The corpora as regressions, in any build, without libFuzzer:
//   fuzz_corpora TARGET [FILE...]    default: every file of fuzz/corpus/TARGET
// Runs each file, then changed copies of it (half of them with checksums made right), equal in
// every run and build. Also how a finding is seen again: fuzz_corpora TARGET FILE. What stops it is
// a failed check or a sanitizer, as in production; before that, it says on what.
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <span>
#include <string>
#include <vector>

#include "base/random.h"
#include "base/site.h"
#include "fuzz/mutation.h"
#include "fuzz/registry.h"

namespace beach::fuzz {
namespace {

constexpr int kUsage = 2;
constexpr int kEnvironment = 3;

// What is being run, for the handler below.
std::string current_name;
Bytes current_input;
std::string finding_path;

void TellOfDeath(int signal) {
  std::ofstream(finding_path, std::ios::binary) << current_input;
  fmt::print(stderr, "fuzz_corpora: {}: the input is in {}\n", current_name, finding_path);
  std::signal(signal, SIG_DFL);
  std::raise(signal);
}

void RunOne(const Target& target, std::string name, Bytes input) {
  current_name = std::move(name);
  current_input = std::move(input);
  target.run(current_input);
}

// Returns how many inputs were run.
std::uint64_t RunFile(const Target& target, const std::string& path, std::uint64_t mutations) {
  std::ifstream file(path, std::ios::binary);
  const Bytes content((std::istreambuf_iterator<char>(file)), std::istreambuf_iterator<char>());
  if (!file) {
    fmt::print(stderr, "fuzz_corpora: cannot read {}\n", path);
    std::exit(kEnvironment);
  }
  RunOne(target, path, content);
  const std::string name = std::filesystem::path(path).filename();
  for (std::uint64_t i = 0; i < mutations; ++i) {
    RandomStream stream(RandomValue(Site::Hash(name), Site::Hash(content), i));
    Bytes changed = content;
    if (target.change != nullptr && stream.Chance(3, 4)) {
      target.change(changed, stream, target.size_max);
    } else {
      changed = Mutate(content, stream, target.size_max);
    }
    if (target.seal != nullptr && stream.Chance(1, 2)) target.seal(changed);
    RunOne(target, fmt::format("{}, mutation {}", path, i), std::move(changed));
  }
  return 1 + mutations;
}

int Run(std::span<char*> arguments) {
  const Target* const target = arguments.size() < 2 ? nullptr : FindTarget(arguments[1]);
  if (target == nullptr) {
    fmt::print(stderr, "usage: fuzz_corpora TARGET [FILE...]\ntargets:");
    for (const Target* known : Targets()) fmt::print(stderr, " {}", known->name);
    fmt::print(stderr, "\n");
    return kUsage;
  }
  finding_path = fmt::format("fuzz-finding-{}", target->name);
  for (const int signal : {SIGABRT, SIGSEGV, SIGBUS, SIGFPE, SIGILL}) {
    // A sanitizer has its own for the others, and ends with SIGABRT where it is told to.
    struct sigaction before {};
    sigaction(signal, nullptr, &before);
    if (before.sa_handler == SIG_DFL) std::signal(signal, TellOfDeath);
  }
  std::vector<std::string> paths(arguments.begin() + 2, arguments.end());
  const std::uint64_t mutations = paths.empty() ? target->changed_copies : 0;
  if (paths.empty()) {
    const std::string folder = fmt::format("{}/fuzz/corpus/{}", BEACH_SOURCE_DIR, target->name);
    for (const auto& entry : std::filesystem::directory_iterator(folder)) {
      paths.push_back(entry.path());
    }
    std::sort(paths.begin(), paths.end());
    if (paths.empty()) {
      fmt::print(stderr, "fuzz_corpora: {} is empty\n", folder);
      return kEnvironment;
    }
  }
  std::uint64_t inputs = 0;
  for (const std::string& path : paths) inputs += RunFile(*target, path, mutations);
  fmt::print("{}: {} files, {} inputs\n", target->name, paths.size(), inputs);
  return 0;
}

}  // namespace
}  // namespace beach::fuzz

int main(int count, char** arguments) {
  return beach::fuzz::Run(std::span(arguments, static_cast<std::size_t>(count)));
}
