// SPDX-License-Identifier: Apache-2.0
// What clients, oracles and tests read of the machine, beside who applies.
#include <memory>
#include <utility>

#include "base/check.h"
#include "base/crc32c.h"
#include "base/random.h"
#include "server/machine/key_space.h"
#include "server/machine/machine.h"

namespace beach::server {

Status Machine::CheckReadable() const {
  if (!awaits_snapshot_) return {};
  return Fail(ErrorCode::kCompactedAway, "the tables of this node are lost: a snapshot is awaited");
}

Result<std::optional<Bytes>> Machine::Get(ByteView key, std::uint64_t* expires_at_ms) {
  BEACH_TRY(CheckReadable());
  Bytes scratch;
  engine::ReadOptions options;
  options.expires_at = expires_at_ms;
  return db_.Get(options, StoredKey(key, scratch));
}

Result<engine::TryGetResult> Machine::TryGet(ByteView key, std::uint64_t* expires_at_ms) {
  BEACH_TRY(CheckReadable());
  Bytes scratch;
  engine::ReadOptions options;
  options.expires_at = expires_at_ms;
  return db_.TryGet(options, StoredKey(key, scratch));
}

Result<std::unique_ptr<const engine::Snapshot>> Machine::PinReads() {
  BEACH_TRY(CheckReadable());
  return db_.GetSnapshot();
}

Result<Scanned> Machine::Scan(ByteView begin, std::optional<ByteView> end, ScanLimits limits,
                              const engine::Snapshot* snapshot) {
  BEACH_TRY(CheckReadable());
  BEACH_CHECK_GE(limits.count, 1U);  // else who goes on behind the last never ends
  engine::ReadOptions options;
  options.range = StoredRange(begin, end);
  options.snapshot = snapshot;
  BEACH_TRY_ASSIGN(const std::unique_ptr<engine::Iterator> rows, db_.NewIterator(options));
  Scanned scanned;
  std::uint64_t bytes = 0;
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    const ByteView key = UserKey(rows->key());
    const ByteView value = rows->value();
    bytes += key.size() + value.size();
    const bool fits = scanned.entries.empty() || bytes <= limits.bytes;
    scanned.more = !fits || scanned.entries.size() >= limits.count;
    if (scanned.more) break;
    scanned.entries.emplace_back(key, value);
  }
  BEACH_TRY(rows->status());
  return scanned;
}

Result<std::uint64_t> Machine::ContentDigest() {
  BEACH_TRY_ASSIGN(const std::unique_ptr<engine::Iterator> rows, db_.NewIterator({}));
  std::uint64_t digest = 0;
  for (rows->SeekToFirst(); rows->Valid(); rows->Next()) {
    const ByteView key = rows->key();
    const ByteView value = rows->value();
    digest = RandomValue(digest, key.size(), Crc32c(key), value.size(), Crc32c(value));
  }
  BEACH_TRY(rows->status());
  return digest;
}

}  // namespace beach::server
