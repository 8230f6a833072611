// SPDX-License-Identifier: Apache-2.0
// Changes of keys: asked for page by page, and handed on entry by entry.
#include <utility>
#include <variant>

#include "base/variant.h"
#include "server/client/client.h"

namespace beach::server {
namespace {

// Of one entry: more than any command may write.
constexpr std::uint64_t kEntryBytesMax = 2 * kCommandSizeMax;

WatchedChange TakeChange(const KeyChange& change) {
  WatchedChange taken{.kind = change.kind,
                      .key = Bytes(change.key),
                      .value = Bytes(change.value),
                      .end = std::nullopt,
                      .merge = change.merge,
                      .expires_at_ms = change.expires_at_ms};
  if (change.end) taken.end = Bytes(*change.end);
  return taken;
}

}  // namespace

// A watch, from its call to its end.
struct Client::Watcher {
  Bytes begin;
  std::optional<Bytes> end;
  std::optional<WatchPlace> place;
  std::uint64_t deadline_ns = 0;  // absolute; 0: none
  WatchDone done;
  WatchedEntry part;  // of the entry behind the place's index, where the place is within it
  std::uint64_t part_bytes = 0;
};

void Client::Watch(ByteView begin, std::optional<ByteView> end, std::optional<std::uint64_t> from,
                   std::uint64_t deadline_ns, WatchDone done) {
  auto watcher = std::make_shared<Watcher>();
  watcher->begin = Bytes(begin);
  if (end) watcher->end = Bytes(*end);
  if (from) watcher->place = WatchPlace{.index = *from, .skip = 0};
  if (deadline_ns != 0) watcher->deadline_ns = clock_.MonotonicNow() + deadline_ns;
  watcher->done = std::move(done);
  WatchOn(std::move(watcher));
}

void Client::WatchOn(std::shared_ptr<Watcher> watcher) {
  std::optional<ByteView> end;
  if (watcher->end) end = *watcher->end;
  const WatchRequest request{
      .deadline_ms = 0, .begin = watcher->begin, .end = end, .from = watcher->place};
  // Not 0, which is none: it ends when it is looked at.
  std::uint64_t left_ns = 0;
  if (watcher->deadline_ns != 0) {
    const std::uint64_t now_ns = clock_.MonotonicNow();
    left_ns = watcher->deadline_ns > now_ns ? watcher->deadline_ns - now_ns : 1;
  }
  const auto on_reply = [this, watcher](CallResult<const Reply*> result) {
    OnWatched(watcher, std::move(result));
  };
  const auto sound = CheckRequest(request);
  if (!sound) return FailSoon(FailureKind::kInvalid, sound.error().message(), on_reply);
  Call call;
  call.kind = Kind::kWatch;
  call.type = TypeOf(request);
  call.done = on_reply;
  EncodeRequest(request, call.payload);
  Begin(std::move(call), left_ns);
}

void Client::OnWatched(std::shared_ptr<Watcher> watcher, CallResult<const Reply*> result) {
  if (!result) {
    const bool nothing = result.error().kind == FailureKind::kDeadline && watcher->place;
    if (!nothing) return watcher->done(std::unexpected(std::move(result.error())));
    return watcher->done(WatchResult{.entries = {}, .next = watcher->place->index});
  }
  const auto& reply = As<WatchReply>(**result);
  const bool first = !watcher->place.has_value();
  const bool cut = reply.next.skip > 0;  // the last entry is not told to its end
  WatchResult watched{.entries = {}, .next = reply.next.index};
  for (const ChangedEntry& entry : reply.entries) {
    WatchedEntry& taken = watched.entries.emplace_back();
    taken.index = entry.index;
    const bool goes_on = watcher->part.index == entry.index;
    if (goes_on) taken = std::exchange(watcher->part, {});
    for (const KeyChange& change : entry.changes) taken.changes.push_back(TakeChange(change));
  }
  // What was begun, and whose rest is not in the range.
  const bool ended = watcher->part.index != 0 && reply.next.index >= watcher->part.index;
  if (ended) watched.entries.insert(watched.entries.begin(), std::exchange(watcher->part, {}));
  watcher->place = reply.next;
  const bool cut_here =
      cut && !watched.entries.empty() && watched.entries.back().index == reply.next.index + 1;
  if (cut_here && watched.entries.size() > 1) {
    // It comes from its begin when it is asked for next.
    watched.entries.pop_back();
    watcher->place->skip = 0;
  } else if (cut_here) {
    watcher->part = std::move(watched.entries.back());
    watched.entries.pop_back();
    for (const ChangedEntry& entry : reply.entries) {
      for (const KeyChange& change : entry.changes) {
        watcher->part_bytes += change.key.size() + change.value.size();
      }
    }
    if (watcher->part_bytes > kEntryBytesMax) {
      return watcher->done(std::unexpected(
          CallFailure{.kind = FailureKind::kTooLarge, .detail = "an entry beyond all limits"}));
    }
  }
  const bool tells = first || !watched.entries.empty();
  if (tells) return watcher->done(std::move(watched));
  WatchOn(std::move(watcher));
}

}  // namespace beach::server
