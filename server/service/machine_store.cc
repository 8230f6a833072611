// SPDX-License-Identifier: Apache-2.0
#include "server/service/machine_store.h"

#include <optional>
#include <utility>

#include "base/check.h"
#include "env/marks.h"

namespace beach::server {
namespace {

class SnapshotPin final : public StorePin {
 public:
  explicit SnapshotPin(std::unique_ptr<const engine::Snapshot> snapshot)
      : snapshot_(std::move(snapshot)) {}
  const engine::Snapshot* snapshot() const { return snapshot_.get(); }

 private:
  const std::unique_ptr<const engine::Snapshot> snapshot_;
};

Result<StoreScan> ScanOf(Machine& machine, const StoreRange& range, const StorePin* pin) {
  // Pin gives no others.
  const engine::Snapshot* const snapshot =
      pin == nullptr ? nullptr : static_cast<const SnapshotPin*>(pin)->snapshot();
  std::optional<ByteView> end;
  if (range.end) end = *range.end;
  BEACH_TRY_ASSIGN(Scanned scanned,
                   machine.Scan(range.begin, end,
                                {.count = range.entries_max, .bytes = range.bytes_max}, snapshot));
  StoreScan scan{.entries = std::move(scanned.entries), .next = std::nullopt};
  if (scanned.more) scan.next = scan.entries.back().first + '\0';
  return scan;
}

}  // namespace

MachineStore::MachineStore(env::Loop& loop, Machine& machine, std::uint64_t readers)
    : machine_(machine) {
  BEACH_CHECK_GT(readers, 0U);
  for (std::uint64_t i = 0; i < readers; ++i) {
    readers_.push_back(std::make_unique<raft::ThreadHelper>(loop, "read"));
  }
}

MachineStore::~MachineStore() = default;

raft::Helper& MachineStore::NextReader() {
  next_ = (next_ + 1) % readers_.size();
  return *readers_[next_];
}

void MachineStore::Get(ByteView key, GetDone done) {
  Result<engine::TryGetResult> tried = machine_.TryGet(key);
  if (!tried) return done(Fail(std::move(tried).error()));
  BEACH_SOMETIMES("store.get_would_block", tried->would_block);
  if (!tried->would_block) return done(std::move(tried->value));
  NextReader().Ask([this, key = Bytes(key)] { return machine_.Get(key); }, std::move(done));
}

void MachineStore::Find(ByteView key, FindDone done) {
  StoreValue found;
  Result<engine::TryGetResult> tried = machine_.TryGet(key, &found.expires_at_ms);
  if (!tried) return done(Fail(std::move(tried).error()));
  if (!tried->would_block) {
    found.value = std::move(tried->value);
    return done(std::move(found));
  }
  NextReader().Ask(
      [this, key = Bytes(key)]() -> Result<StoreValue> {
        StoreValue read;
        BEACH_TRY_ASSIGN(read.value, machine_.Get(key, &read.expires_at_ms));
        return read;
      },
      std::move(done));
}

void MachineStore::Scan(const StoreRange& range, std::shared_ptr<const StorePin> pin,
                        ScanDone done) {
  NextReader().Ask(
      [this, range, pin = std::move(pin)] { return ScanOf(machine_, range, pin.get()); },
      std::move(done));
}

Result<std::shared_ptr<const StorePin>> MachineStore::Pin() {
  BEACH_TRY_ASSIGN(auto snapshot, machine_.PinReads());
  return std::make_shared<const SnapshotPin>(std::move(snapshot));
}

}  // namespace beach::server
