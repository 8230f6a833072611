// SPDX-License-Identifier: Apache-2.0
// Writes that hang on what is there, that nobody waits for, and that expire; and a follower that is
// shown each of them once, in order. In memory: nothing of it is on a disk.
#include <cstdint>
#include <cstdio>
#include <optional>

#include "engine/db.h"
#include "env/os/os_env.h"

using namespace beach::engine;  // NOLINT

int main() {
  beach::env::OsEnv os;
  auto db = Db::OpenInMemory(os.env(), {}, /*bytes_max=*/std::uint64_t{1} << 30);
  if (!db) return std::fprintf(stderr, "%s\n", db.error().ToString().c_str()), 1;
  auto follower = (*db)->NewLogCursor(SequenceNumber(0));
  if (!follower) return 1;

  // The berth goes to one of two boats, whoever is first.
  for (const char* const boat : {"Albatross", "Petrel"}) {
    auto taken = (*db)->CompareAndSet({}, "berth 4", std::nullopt, boat);
    if (!taken) return 1;
    std::printf("%s %s\n", boat, *taken ? "has berth 4" : "sails on");
  }
  // By the time of your clock, or of your replicated log: the database has none of its own.
  if (!(*db)->AdvanceTime({}, 1000)) return 1;
  if (!(*db)->PutUntil({}, "tide", "high", 2000)) return 1;
  if (!(*db)->AdvanceTime({}, 2500)) return 1;
  auto tide = (*db)->Get({}, "tide");
  if (!tide || *tide) return 1;

  WriteBatch gulls;
  gulls.Merge("gulls", MergeOperator::kAppend, "kri ");
  for (int i = 0; i < 3; ++i) {
    if (!(*db)->WriteAsync({}, gulls, [](const beach::Status& written) {
          if (!written) std::fprintf(stderr, "%s\n", written.error().ToString().c_str());
        })) {
      return 1;
    }
  }
  if (!(*db)->Write({.sync = true}, {})) return 1;  // behind all that were queued

  for (;;) {
    auto next = (*follower)->Next(/*deadline_ns=*/0);
    if (!next) return 1;
    if (!*next) break;
    const LogBatch& batch = **next;
    std::printf("number %llu: %u operation(s)\n",
                static_cast<unsigned long long>(batch.first.value), batch.batch.count());
  }
  auto heard = (*db)->Get({}, "gulls");
  if (!heard || !*heard) return 1;
  std::printf("the gulls say %s\n", (*heard)->c_str());
  follower->reset();
  return (*db)->Close() ? 0 : 1;
}
