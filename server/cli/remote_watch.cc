// SPDX-License-Identifier: Apache-2.0
// `watch`: changes of keys, as they are made.
#include <fmt/format.h>

#include <algorithm>
#include <cstdio>
#include <optional>
#include <utility>

#include "server/cli/number.h"
#include "server/cli/remote_commands.h"
#include "server/cli/signals.h"

namespace beach::server {
namespace {

// How long Ctrl-C waits, at most.
constexpr std::uint64_t kLookNs = 250'000'000;

const char* MergeName(MergeKind kind) {
  switch (kind) {
    case MergeKind::kAdd: return "add";
    case MergeKind::kAppend: return "append";
    case MergeKind::kMax: return "max";
    case MergeKind::kMin: return "min";
  }
  return "merge";
}

std::vector<Cell> RowOf(std::uint64_t index, const WatchedChange& change) {
  std::vector<Cell> row = {index, Bytes("del"), change.key, Cell(), Cell()};
  switch (change.kind) {
    case KeyChangeKind::kDelete: break;
    case KeyChangeKind::kPut:
      row[1] = Bytes("put");
      row[3] = change.value;
      break;
    case KeyChangeKind::kPutUntil:
      row[1] = Bytes("put");
      row[3] = change.value;
      row[4] = change.expires_at_ms;
      break;
    case KeyChangeKind::kDeleteRange:
      row[1] = Bytes("del-range");
      if (change.end) row[3] = *change.end;
      break;
    case KeyChangeKind::kMerge:
      row[1] = Bytes(MergeName(change.merge));
      row[3] = change.value;
      break;
  }
  return row;
}

struct WatchWords {
  std::optional<std::uint64_t> from;
  std::uint64_t count = ~std::uint64_t{0};
};
Result<WatchWords> ReadWords(const Given& given) {
  WatchWords words;
  if (const auto from = given.options.find("--from"); from != given.options.end()) {
    BEACH_TRY_ASSIGN(words.from, ParseCount("a place to watch from", from->second));
  }
  if (const auto count = given.options.find("--count"); count != given.options.end()) {
    BEACH_TRY_ASSIGN(words.count, ParseCount("a count", count->second, 1));
  }
  return words;
}

}  // namespace

// An entry of the log is told whole: so `next` is always a place that nothing is missed behind.
ExitCode RunWatch(RemoteSession& session, const Given& given) {
  const auto words = ReadWords(given);
  if (!words) {
    fmt::print(stderr, "beachdb: {}\n", words.error().message());
    return ExitCode::kUsage;
  }
  const Bytes begin = given.words.empty() ? Bytes() : given.words[0];
  std::optional<ByteView> end;
  if (given.words.size() > 1) end = given.words[1];
  std::optional<std::uint64_t> next = words->from;
  std::uint64_t left = words->count;
  Rows rows(session.form(), {"index", "change", "key", "value", "expires_at_ms"});
  Interrupts interrupts;
  ExitCode code = ExitCode::kFine;
  while (left > 0 && !interrupts.Came()) {
    const std::uint64_t wait_ns = next ? kLookNs : session.timeout_ns();
    const auto watched = session.client().Watch(begin, end, next, wait_ns);
    if (!watched) {
      code = Failed("watch", Effect::kReads, watched.error());
      break;
    }
    // Whoever changes something from now on is told of.
    if (!next) fmt::print(stderr, "watching from {}\n", watched->next);
    next = watched->next;
    for (const WatchedEntry& entry : watched->entries) {
      for (const WatchedChange& change : entry.changes) rows.Add(RowOf(entry.index, change));
      left -= std::min<std::uint64_t>(left, entry.changes.size());
      next = left > 0 ? watched->next : entry.index;
      if (left == 0) break;
    }
    fmt::print("{}", rows.Take());
    std::fflush(stdout);
  }
  if (next) fmt::print(stderr, "watch --from {} goes on here\n", *next);
  return code;
}

}  // namespace beach::server
