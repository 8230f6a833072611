// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <string>

#include "base/bytes.h"
#include "engine/internal_key.h"
#include "engine/options.h"
#include "engine/sst/range_deletes.h"
#include "engine/sst/table.h"
#include "engine/testing/memory_files.h"

// What the tests of tables share.

namespace beach::engine::sst {

inline constexpr DatabaseId kDatabase{.high = 0x0123456789abcdef, .low = 0xfedcba9876543210};
inline constexpr FileNumber kFile{7};

struct InternalLess {
  bool operator()(const Bytes& left, const Bytes& right) const {
    return CompareInternalKeys(left, right) < 0;
  }
};
using Entries = std::map<Bytes, Bytes, InternalLess>;  // internal key -> value

inline Bytes KeyAt(ByteView user_key, std::uint64_t sequence, ValueKind kind = ValueKind::kPut) {
  Bytes key;
  AppendInternalKey(key,
                    {.user_key = user_key, .sequence = SequenceNumber(sequence), .kind = kind});
  return key;
}

// Makes the table `file` of kDatabase. A failure fails the test and gives an empty info.
inline TableInfo BuildTable(env::FileSystem& files, const std::string& path, const Entries& entries,
                            const Options& options, FileNumber file = kFile,
                            const RangeDeletes& range_deletes = {}) {
  auto builder = TableBuilder::Create(files, path, kDatabase, file, options);
  if (!builder) {
    ADD_FAILURE() << builder.error().ToString();
    return {};
  }
  for (const auto& [key, value] : entries) {
    const Status added = (*builder)->Add(key, value);
    if (!added) ADD_FAILURE() << added.error().ToString();
  }
  for (const RangeDelete& range : range_deletes) {
    (*builder)->AddRangeDelete(range.begin, range.end, range.sequence);
  }
  auto info = (*builder)->Finish();
  if (!info) {
    ADD_FAILURE() << info.error().ToString();
    return {};
  }
  return *std::move(info);
}

}  // namespace beach::engine::sst
