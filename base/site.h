// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string_view>

namespace beach {

// A named place in the code: a fault point, a reached-state mark, a source of random values. Its
// name is a string literal, unique in the code base, and its hash is made while compiling; never
// file or line, so that edits elsewhere move no random value.
struct Site {
  const char* name;
  std::uint64_t hash;

  consteval explicit(false) Site(const char* literal) : name(literal), hash(Hash(literal)) {}

  // FNV-1a, 64 bits: only equality and mixing need it.
  static constexpr std::uint64_t Hash(std::string_view text) {
    std::uint64_t hash = 0xcbf29ce484222325U;
    for (const char c : text) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3U;
    return hash;
  }
};

}  // namespace beach
