// SPDX-License-Identifier: Apache-2.0
// A program that talks to a cluster: writes exactly once, reads what is newest, takes a lock, reads
// all of a range as of one moment, and follows what is changed. `remote [--ca FILE] HOST:PORT...`,
// of all nodes; with the authority's file they are talked to under TLS.
#include <cstdio>
#include <optional>
#include <string>

#include "env/os/os_env.h"
#include "env/tls/tls_files.h"
#include "env/tls/tls_loop.h"
#include "server/client/blocking_client.h"

using namespace beach::server;  // NOLINT

namespace {

constexpr std::uint64_t kDeadlineNs = 500'000'000;

int Failed(const char* what, const CallFailure& failure) {
  std::fprintf(stderr, "%s: %s: %s\n", what, FailureKindName(failure.kind), failure.detail.c_str());
  return 1;
}

}  // namespace

int main(int count, char** words) {
  const bool under_tls = count > 2 && std::string(words[1]) == "--ca";
  const int first = under_tls ? 3 : 1;
  if (count <= first) return std::fprintf(stderr, "usage: remote [--ca FILE] HOST:PORT...\n"), 2;
  const beach::env::OsEnv os;
  beach::env::Env env = os.env();
  // All that is different: another network. Nodes have to show that they are who we dial.
  std::optional<beach::env::TlsNetwork> tls;
  if (under_tls) {
    const auto context = ReadTlsContext(*env.files, {.authorities = words[2]}, {});
    if (!context) return std::fprintf(stderr, "%s\n", context.error().ToString().c_str()), 1;
    env.network = &tls.emplace(*env.network, *env.clock, *context);
  }
  ClientOptions options;  // without a cluster's number: whichever it is
  options.addresses.assign(words + first, words + count);
  const auto client = BlockingClient::Open(env, options);
  if (!client) return std::fprintf(stderr, "%s\n", client.error().ToString().c_str()), 1;

  // Asked again for as long as the deadline allows, and done once. Unknown: it may be done.
  const auto put = (*client)->Put("tide", "high", kDeadlineNs);
  if (!put) return Failed("put", put.error());
  const auto tide = (*client)->Get("tide", kDeadlineNs);
  if (!tide) return Failed("get", tide.error());
  std::printf("tide is %s\n", tide->value ? tide->value->c_str() : "out");
  const auto berth = (*client)->CompareAndSet("berth 4", std::nullopt, "Petrel", kDeadlineNs);
  if (!berth) return Failed("compare and set", berth.error());
  std::printf("Petrel %s\n", berth->kind == AnswerKind::kDone ? "has berth 4" : "sails on");

  // Pages of one moment.
  ScanRequest page;
  page.entries_max = 100;
  page.keep = true;
  std::optional<ScanCursor> cursor;
  std::string begin;
  std::uint64_t index = 0;
  for (bool more = true; more;) {
    page.begin = begin;
    const auto scanned = (*client)->Scan(page, kDeadlineNs, cursor);
    if (!scanned) return Failed("scan", scanned.error());
    for (const auto& [key, value] : scanned->entries) {
      std::printf("%s = %s\n", key.c_str(), value.c_str());
    }
    index = scanned->index;
    cursor = scanned->cursor;
    more = scanned->next.has_value();
    if (more) begin = *scanned->next;
  }

  // What has happened since, until nothing does for a while. Compacted: scan again, then go on.
  for (;;) {
    const auto watched = (*client)->Watch("", std::nullopt, index, kDeadlineNs);
    if (!watched) return Failed("watch", watched.error());
    if (watched->entries.empty()) return 0;
    for (const WatchedEntry& entry : watched->entries) {
      std::printf("entry %llu changed %zu key(s)\n", static_cast<unsigned long long>(entry.index),
                  entry.changes.size());
    }
    index = watched->next;
  }
}
