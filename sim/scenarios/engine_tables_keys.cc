// SPDX-License-Identifier: Apache-2.0
#include "sim/scenarios/engine_tables_keys.h"

#include <iterator>
#include <string>

namespace beach::sim::scenarios::named_tables {
namespace {

constexpr std::size_t kWithoutName = kNames.size();

const ByteView kEdges[] = {{"", 0},           {"\0", 1},       {"\0\xff", 2},      {"\1", 1},
                           {"\2", 1},         {"\xfe\xff", 2}, {"\xff", 1},        {"\xff\0", 2},
                           {"\xff\0\xff", 3}, {"\xff\1", 2},   {"\xff\2", 2},      {"\xff\3", 2},
                           {"\xff\4\0", 3},   {"\xff\xff", 2}, {"\xff\xff\xff", 3}};

}  // namespace

engine::NamedTable DrawTable(RandomStream& draws, const Handles& handles) {
  const std::size_t slot = draws.Below(kNames.size() + 1);
  const std::uint64_t number = slot == kWithoutName ? 0 : handles[slot].load();
  return engine::NamedTable{engine::TableNumber(number)};
}

Bytes DrawKey(RandomStream& draws) {
  if (draws.Chance(2, 3)) return Bytes(kEdges[draws.Below(std::size(kEdges))]);
  return "k" + std::to_string(draws.Below(30));
}

}  // namespace beach::sim::scenarios::named_tables
