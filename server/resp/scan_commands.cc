// SPDX-License-Identifier: Apache-2.0
#include <algorithm>
#include <charconv>
#include <memory>
#include <string>
#include <utility>

#include "server/resp/commands.h"
#include "server/resp/glob.h"
#include "server/resp/resp_client.h"
#include "server/resp/resp_errors.h"

namespace beach::server {
namespace {

constexpr std::uint32_t kScanCount = 10;
constexpr std::uint32_t kScanCountMax = 10'000;
constexpr std::uint32_t kCountStep = 4096;
// Of keys and values that are read for one step.
constexpr std::uint64_t kStepBytesMax = std::uint64_t{4} << 20;

template <class Number>
std::optional<Number> NumberIn(ByteView text) {
  Number value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// What one SCAN was asked for.
struct Asked {
  StoreRange range;
  std::optional<Bytes> pattern;
  bool none = false;  // of a type that no key has
};

// False: it was told what is wrong.
bool Parse(RespClient& client, const RespRequest& request, Asked& asked) {
  const auto cursor = NumberIn<std::uint64_t>(request[1]);
  asked.range.entries_max = kScanCount;
  asked.range.bytes_max = kStepBytesMax;
  if (!cursor) {
    client.writer().Error("ERR invalid cursor");
    return false;
  }
  for (std::size_t i = 2; i < request.size(); i += 2) {
    if (i + 1 == request.size()) {
      client.writer().Error("ERR syntax error");
      return false;
    }
    const Bytes& value = request[i + 1];
    const auto count = NumberIn<std::uint32_t>(value);
    if (EqualsIgnoringCase(request[i], "MATCH")) {
      asked.pattern = value;
    } else if (EqualsIgnoringCase(request[i], "TYPE")) {
      asked.none = !EqualsIgnoringCase(value, "string");
    } else if (EqualsIgnoringCase(request[i], "COUNT") && count && *count > 0) {
      asked.range.entries_max = std::min(*count, kScanCountMax);
    } else {
      client.writer().Error("ERR syntax error");
      return false;
    }
  }
  if (*cursor == 0) return true;
  std::optional<Bytes> position = client.node().cursors.Find(*cursor);
  if (!position) {
    client.writer().Error("ERR this cursor is not known here any more: begin again at 0");
    return false;
  }
  asked.range.begin = *std::move(position);
  return true;
}

void Say(RespClient& client, const Asked& asked, StoreScan scan) {
  std::erase_if(scan.entries, [&](const std::pair<Bytes, Bytes>& entry) {
    return asked.none || (asked.pattern && !MatchesGlob(*asked.pattern, entry.first));
  });
  const std::uint64_t cursor =
      scan.next ? client.node().cursors.Keep(*std::move(scan.next)) : std::uint64_t{0};
  RespReplyWriter writer = client.writer();
  writer.Array(2);
  writer.Bulk(std::to_string(cursor));
  writer.Array(scan.entries.size());
  for (const auto& [key, value] : scan.entries) writer.Bulk(key);
}

// A step of the store for a client, if it is still there by then.
template <class Call>
void ScanFor(RespClient& client, const StoreRange& range, Call call) {
  client.node().store.Scan(range, nullptr,
                           [weak = client.node().self, id = client.id(),
                            call = std::move(call)](Result<StoreScan> scan) {
                             const std::shared_ptr<RespNode> node = weak.lock();
                             RespClient* const there = node == nullptr ? nullptr : node->Find(id);
                             if (there == nullptr) return;
                             if (scan) return call(*there, *std::move(scan));
                             there->writer().Error(RespErrorOfStore(scan.error()));
                             there->Resume();
                           });
}

void CountOn(RespClient& client, Bytes begin, std::uint64_t count) {
  const StoreRange range{.begin = std::move(begin),
                         .end = std::nullopt,
                         .entries_max = kCountStep,
                         .bytes_max = kStepBytesMax};
  ScanFor(client, range, [count](RespClient& there, StoreScan scan) {
    const std::uint64_t counted = count + scan.entries.size();
    const std::uint64_t count_max = there.node().options.count_max;
    if (counted > count_max) {
      there.writer().Error("ERR more than " + std::to_string(count_max) +
                           " keys, which are not counted");
      return there.Resume();
    }
    if (scan.next) return CountOn(there, *std::move(scan.next), counted);
    there.writer().Integer(static_cast<std::int64_t>(counted));
    there.Resume();
  });
}

}  // namespace

void RunScan(RespClient& client, const RespRequest& request) {
  Asked asked;
  if (!Parse(client, request, asked)) return;
  client.Read([asked = std::move(asked)](RespClient& there) {
    ScanFor(there, asked.range, [asked](RespClient& still_there, StoreScan scan) {
      Say(still_there, asked, std::move(scan));
      still_there.Resume();
    });
  });
}

void RunDbsize(RespClient& client, const RespRequest&) {
  client.Read([](RespClient& there) { CountOn(there, {}, 0); });
}

}  // namespace beach::server
