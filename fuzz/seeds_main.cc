// SPDX-License-Identifier: Apache-2.0
// fuzz_seeds DIR: writes the first inputs of every corpus, DIR/TARGET/seed-*, as the engine writes
// them. Equal in every run, so that `make fuzz-seeds` changes what a change of format changes.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <span>

#include "fuzz/seeds.h"

namespace beach::fuzz {
namespace {

int Run(std::span<char*> arguments) {
  if (arguments.size() != 2) {
    fmt::print(stderr, "usage: fuzz_seeds DIR\nexample: fuzz_seeds fuzz/corpus\n");
    return 2;
  }
  std::uint64_t bytes = 0;
  const std::vector<Seed> seeds = AllSeeds();
  for (const Seed& seed : seeds) {
    const std::filesystem::path folder = std::filesystem::path(arguments[1]) / seed.target;
    std::filesystem::create_directories(folder);
    const std::filesystem::path path = folder / ("seed-" + seed.name);
    std::ofstream file(path, std::ios::binary);
    file << seed.bytes;
    file.close();
    if (!file) {
      fmt::print(stderr, "fuzz_seeds: cannot write {}\n", path.string());
      return 3;
    }
    bytes += seed.bytes.size();
  }
  fmt::print("{} seeds, {} bytes\n", seeds.size(), bytes);
  return 0;
}

}  // namespace
}  // namespace beach::fuzz

int main(int count, char** arguments) {
  return beach::fuzz::Run(std::span(arguments, static_cast<std::size_t>(count)));
}
