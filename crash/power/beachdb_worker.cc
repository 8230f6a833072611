// SPDX-License-Identifier: Apache-2.0
//
// A writer of this database that is to die, and the check of what it left: beside those of others
// (foreign.py).
//
//   beachdb_worker sync|lazy DIR THREADS   opens DIR, goes on where it stopped; every thread writes
//                                        batches, synced or not, and prints "THREAD N" for each
//                                        acknowledgement
//   beachdb_worker check DIR ACKS          reopens DIR and holds it against the acknowledgements
//
// Thread t's n-th batch puts "t/n" and overwrites the counter "t": so what is there of a thread
// must be 1..m without holes, its counter must be m, and m at least the last acknowledged and at
// most one more.
#include <fmt/format.h>
#include <unistd.h>

#include <charconv>
#include <cstdio>
#include <fstream>
#include <map>
#include <string>
#include <string_view>
#include <vector>

#include "engine/db.h"
#include "env/os/os_env.h"
#include "env/threads.h"

namespace beach::crash {
namespace {

engine::Options SmallOptions() {
  engine::Options options;
  options.memtable_size = 256 * engine::kKiB;  // flush and rotate many times in a second
  options.wal_segment_size = 512 * engine::kKiB;
  options.manifest_size_max = 16 * engine::kKiB;
  return options;
}

std::string CounterKey(std::uint64_t thread) { return fmt::format("{:04}", thread); }
std::string BatchKey(std::uint64_t thread, std::uint64_t n) {
  return fmt::format("{:04}/{:012}", thread, n);
}
std::string BatchValue(std::uint64_t thread, std::uint64_t n) {
  return fmt::format("{}.{}.{}", thread, n, std::string(n * 37 % 300, 'x'));
}

bool ParseNumber(std::string_view text, std::uint64_t& number) {
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  return error == std::errc() && end == text.data() + text.size();
}

int Report(const Error& error) {
  fmt::print(stderr, "beachdb_worker: {}\n", error.ToString());
  return 4;
}

Result<std::uint64_t> CounterOf(engine::Db& db, std::uint64_t thread) {
  BEACH_TRY_ASSIGN(auto value, db.Get({}, CounterKey(thread)));
  std::uint64_t number = 0;
  if (value && !ParseNumber(*value, number)) {
    return Fail(ErrorCode::kCorruption, "counter is no number: " + Printable(*value));
  }
  return number;
}

// Writes until killed. An acknowledgement is on its way to the parent before the next write begins.
void WriteForever(engine::Db& db, bool sync, std::uint64_t thread, std::uint64_t n) {
  for (;;) {
    ++n;
    engine::WriteBatch batch;
    batch.Put(BatchKey(thread, n), BatchValue(thread, n));
    batch.Put(CounterKey(thread), std::to_string(n));
    if (const Status status = db.Write({.sync = sync, .tag = 0}, batch); !status) {
      std::_Exit(Report(status.error()));
    }
    const std::string line = fmt::format("{} {}\n", thread, n);
    if (::write(STDOUT_FILENO, line.data(), line.size()) != static_cast<ssize_t>(line.size())) {
      std::_Exit(3);
    }
  }
}

int Write(const std::string& directory, bool sync, std::uint64_t threads) {
  env::OsEnv os;
  auto db = engine::Db::Open(os.env(), directory, SmallOptions());
  if (!db) return Report(db.error());
  std::vector<env::Thread> writers;
  for (std::uint64_t thread = 0; thread < threads; ++thread) {
    const auto written = CounterOf(**db, thread);
    if (!written) return Report(written.error());
    writers.emplace_back(
        "writer", [&db, sync, thread, n = *written] { WriteForever(**db, sync, thread, n); });
  }
  for (env::Thread& writer : writers) writer.Join();
  return 0;
}

int Check(const std::string& directory, const std::string& acks_path) {
  std::map<std::uint64_t, std::uint64_t> acknowledged;
  std::ifstream acks(acks_path);
  for (std::uint64_t thread = 0, n = 0; acks >> thread >> n;) {
    acknowledged[thread] = std::max(acknowledged[thread], n);
  }
  env::OsEnv os;
  auto db = engine::Db::Open(os.env(), directory, SmallOptions());
  if (!db) return Report(db.error());

  auto iterator = (*db)->NewIterator({});
  if (!iterator) return Report(iterator.error());
  std::map<std::uint64_t, std::uint64_t> counters, found;
  for ((*iterator)->SeekToFirst(); (*iterator)->Valid(); (*iterator)->Next()) {
    const std::string_view key = (*iterator)->key();
    std::uint64_t thread = 0, n = 0;
    if (!ParseNumber(key.substr(0, 4), thread)) {
      fmt::print("violation: a key nobody wrote: {}\n", Printable(key));
      return 1;
    }
    if (key.size() == 4) {
      if (!ParseNumber((*iterator)->value(), counters[thread])) return 1;
      continue;
    }
    if (!ParseNumber(key.substr(5), n) || n != found[thread] + 1) {
      fmt::print("violation: thread {} has a hole: {} follows {}\n", thread, Printable(key),
                 found[thread]);
      return 1;
    }
    if ((*iterator)->value() != BatchValue(thread, n)) {
      fmt::print("violation: wrong value of {}\n", Printable(key));
      return 1;
    }
    found[thread] = n;
  }
  if (!(*iterator)->status()) return Report((*iterator)->status().error());

  std::uint64_t total = 0, beyond = 0;
  for (const auto& [thread, last] : acknowledged) {
    if (found[thread] < last || found[thread] > last + 1 || counters[thread] != found[thread]) {
      fmt::print("violation: thread {}: acknowledged {}, found {}, counter {}\n", thread, last,
                 found[thread], counters[thread]);
      return 1;
    }
    total += found[thread];
    beyond += found[thread] - last;
  }
  fmt::print("all there; {} in all, {} of them in doubt when it died\n", total, beyond);
  return 0;
}

int Usage() {
  fmt::print(stderr, "beachdb_worker sync|lazy DIR THREADS | check DIR ACKS\n");
  return 2;
}

}  // namespace
}  // namespace beach::crash

int main(int argc, char** argv) {
  if (argc != 4) return beach::crash::Usage();
  const std::string_view command = argv[1];
  std::uint64_t threads = 0;
  const bool sync = command == "sync";
  if ((sync || command == "lazy") && beach::crash::ParseNumber(argv[3], threads)) {
    return beach::crash::Write(argv[2], sync, threads);
  }
  if (command == "check") return beach::crash::Check(argv[2], argv[3]);
  return beach::crash::Usage();
}
