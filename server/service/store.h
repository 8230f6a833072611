// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <utility>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace beach::server {

// What a scan asks of a store: from `begin`, included, to `end`, excluded; nothing: to the last.
struct StoreRange {
  Bytes begin;
  std::optional<Bytes> end;
  std::uint32_t entries_max = 0;
  std::uint64_t bytes_max = 0;  // of keys and values; one entry is given whatever its size
};
struct StoreScan {
  std::vector<std::pair<Bytes, Bytes>> entries;  // in order of keys
  std::optional<Bytes> next;                     // where to go on; nothing: that was all
};

struct StoreValue {
  std::optional<Bytes> value;       // nothing: absent
  std::uint64_t expires_at_ms = 0;  // since 1970; 0: never
};

// A moment of a store. Shared by those who read there and whoever keeps it for later; it goes
// before its store.
class StorePin {
 public:
  virtual ~StorePin() = default;
};

// The applied state of a node, as reads see it. Of one loop, and on its thread: what memory alone
// does not answer is read elsewhere.
class Store {
 public:
  using GetDone = std::function<void(Result<std::optional<Bytes>>)>;
  using FindDone = std::function<void(Result<StoreValue>)>;
  using ScanDone = std::function<void(Result<StoreScan>)>;

  virtual ~Store() = default;

  // All that was applied before the call is seen. `done` is called once, from inside the call where
  // the answer is there; not at all when the store goes first.
  virtual void Get(ByteView key, GetDone done) = 0;
  // The same, with when the value expires.
  virtual void Find(ByteView key, FindDone done) = 0;
  // As of the pin, where there is one.
  virtual void Scan(const StoreRange& range, std::shared_ptr<const StorePin> pin,
                    ScanDone done) = 0;
  // The applied state as it is now, for as long as somebody has the pin. Does not block.
  virtual Result<std::shared_ptr<const StorePin>> Pin() = 0;
};

}  // namespace beach::server
