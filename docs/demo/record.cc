// SPDX-License-Identifier: Apache-2.0
// Records what docs/demo/lsm.html shows: record DIRECTORY (a new one) writes JSON lines on stdout.
//
// Memtables and tables hold seven or eight entries, levels a few tables: all of it fits a page, and
// in 170 calls every level comes and goes.
#include <fmt/format.h>

#include <array>
#include <cstdint>
#include <string>

#include "docs/demo/recorder.h"

namespace beach::demo {
namespace {

constexpr std::array kKeys = {
    "anchor",  "bay",    "beacon", "boat",    "breeze", "buoy",   "cape",  "cliff",    "coast",
    "cobble",  "coral",  "crab",   "current", "delta",  "dock",   "dune",  "ebb",      "eel",
    "fjord",   "foam",   "gull",   "harbor",  "inlet",  "island", "jetty", "kelp",     "lagoon",
    "lobster", "marsh",  "mussel", "oyster",  "palm",   "pearl",  "pier",  "quay",     "reef",
    "sail",    "sand",   "seal",   "shell",   "shoal",  "spray",  "squid", "starfish", "surf",
    "tide",    "urchin", "wave",   "whale",   "wharf",  "wind",   "wreck"};
constexpr std::size_t kStep = 17;  // prime to their number: a walk in no order

engine::Options SmallOptions() {
  engine::Options options;
  options.memtable_size = engine::kKiB;
  options.wal_segment_size = 64 * engine::kKiB;
  options.block_size = 512;
  options.table_size = engine::kKiB;
  options.compaction_threads = 1;  // one thing at a time
  options.level0_compact_count = 3;
  options.level_size_base = 9 * engine::kKiB / 2;
  options.level_size_ratio = 2;
  return options;
}

// So many keys of the walk, from where the last one ended.
void PutSome(Recorder& recorder, std::size_t& at, std::size_t count) {
  for (std::size_t i = 0; i < count; ++i, ++at) recorder.Put(kKeys[at * kStep % kKeys.size()]);
}

void Run(Recorder& recorder) {
  std::size_t at = 0;
  recorder.Chapter("Writes go to the log, then to the memtable");
  recorder.Open();
  PutSome(recorder, at, 4);
  recorder.Get(kKeys[kStep]);
  recorder.Get("tide");
  recorder.Chapter("A full memtable becomes a table");
  PutSome(recorder, at, 8);
  recorder.Get(kKeys[0]);
  recorder.Delete(kKeys[kStep]);
  recorder.Get(kKeys[kStep]);
  recorder.Chapter("Three tables in level 0 are merged into the last level");
  PutSome(recorder, at, 16);
  recorder.Get(kKeys[0]);
  recorder.Get(kKeys[kStep]);
  recorder.Chapter("A snapshot keeps what it can see");
  recorder.TakeSnapshot();
  recorder.Put(kKeys[0]);
  recorder.Delete("gull");
  recorder.Get(kKeys[0]);
  recorder.Get(kKeys[0], true);
  PutSome(recorder, at, 28);
  recorder.Get("gull");
  recorder.Get("gull", true);
  recorder.Get(kKeys[0], true);
  recorder.ReleaseSnapshot();
  recorder.Chapter("Each level holds twice as much as the one above");
  for (int round = 0; round < 5; ++round) {
    PutSome(recorder, at, 11);
    recorder.Get(kKeys[(at - 1) * kStep % kKeys.size()]);
    recorder.Get(kKeys[(at - 9) * kStep % kKeys.size()]);
    recorder.Delete(kKeys[(at - 20) * kStep % kKeys.size()]);
    recorder.Get(kKeys[(at - 33) * kStep % kKeys.size()]);
  }
  recorder.Chapter("Close, open again: the log gives back what was in memory");
  recorder.Put("tide");
  recorder.Close();
  recorder.Open();
  recorder.Get("tide");
  recorder.Chapter("Deletes: a tombstone hides, compaction forgets");
  for (std::size_t i = 8; i < 24; i += 2) recorder.Delete(kKeys[i]);
  recorder.Get("coral");
  recorder.Flush();
  recorder.Get("coral");
  PutSome(recorder, at, 3);
  recorder.Chapter("By hand: everything into one level");
  recorder.Compact();
  recorder.Get("coral");
  recorder.Get("tide");
  recorder.Close();
}

}  // namespace
}  // namespace beach::demo

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: record DIRECTORY, which is not there yet, in a folder that is\n");
    return 2;
  }
  beach::demo::Recorder recorder(argv[1], beach::demo::SmallOptions(), stdout);
  beach::demo::Run(recorder);
  return 0;
}
