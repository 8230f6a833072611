// SPDX-License-Identifier: Apache-2.0
#include "engine/conditions.h"

#include <utility>

namespace beach::engine {

void WriteConditions::Add(NamedTable table, ByteView key, std::optional<Bytes> value) {
  size_bytes_ += key.size() + (value ? value->size() : 0);
  all_.push_back({.table = table, .key = Bytes(key), .value = std::move(value)});
}

void WriteConditions::Clear() {
  all_.clear();
  size_bytes_ = 0;
}

}  // namespace beach::engine
