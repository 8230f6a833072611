// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <functional>
#include <memory>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "server/protocol/reply.h"
#include "server/protocol/request.h"

namespace beach::server {

// From `begin`, included, to `end`, excluded; nothing: to the last.
struct WatchRange {
  ByteView begin;
  std::optional<ByteView> end;
};
struct ChangePage {
  std::vector<ChangedEntry> entries;  // as of a reply; clipped to the range
  WatchPlace next;
  bool at_end = false;  // there is nothing behind `next` yet
  // What the changes are views of; the source has it too, and nobody changes it.
  std::vector<std::shared_ptr<const Bytes>> kept;
};

// What the newest entries have done to users' keys on a node. Of one loop, and on its thread.
class ChangeSource {
 public:
  virtual ~ChangeSource() = default;

  // What there is behind `from`, within the limits of a reply; a page without entries may have
  // others behind it. Nothing: entries behind `from` are not kept any more, or never were.
  virtual std::optional<ChangePage> Read(const WatchPlace& from, const WatchRange& range) = 0;
  virtual WatchPlace End() const = 0;
  // Whom Await calls, from the loop; null: nobody any more.
  virtual void SetWake(std::function<void()> wake) = 0;
  // Calls, once for all who wait, when there is something behind `index`, or all was replaced.
  virtual void Await(std::uint64_t index) = 0;
};

}  // namespace beach::server
