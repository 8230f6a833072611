// SPDX-License-Identifier: Apache-2.0
#include "server/resp/glob.h"

#include <algorithm>
#include <cstddef>

namespace beach::server {
namespace {

unsigned char Byte(char c) { return static_cast<unsigned char>(c); }

// Takes a class off the pattern, which begins behind its bracket. An open one ends with the
// pattern.
bool TakeClass(ByteView pattern, std::size_t& at, char c) {
  const bool inverted = at < pattern.size() && pattern[at] == '^';
  if (inverted) ++at;
  bool matches = false;
  while (at < pattern.size() && pattern[at] != ']') {
    if (pattern[at] == '\\' && at + 1 < pattern.size()) ++at;
    unsigned char low = Byte(pattern[at]);
    unsigned char high = low;
    if (at + 2 < pattern.size() && pattern[at + 1] == '-' && pattern[at + 2] != ']') {
      high = Byte(pattern[at + 2]);
      at += 2;
    }
    if (low > high) std::swap(low, high);
    matches = matches || (low <= Byte(c) && Byte(c) <= high);
    ++at;
  }
  if (at < pattern.size()) ++at;
  return matches != inverted;
}

// Takes what stands for one byte off the pattern. REQUIRES: it does not begin with a star.
bool TakeOne(ByteView pattern, std::size_t& at, char c) {
  const char p = pattern[at++];
  if (p == '?') return true;
  if (p == '[') return TakeClass(pattern, at, c);
  if (p == '\\' && at < pattern.size()) return pattern[at++] == c;
  return p == c;
}

}  // namespace

bool MatchesGlob(ByteView pattern, ByteView text) {
  std::size_t p = 0;
  std::size_t t = 0;
  // Where to go on when the last star takes one byte more.
  std::size_t star = ByteView::npos;
  std::size_t star_text = 0;
  while (t < text.size()) {
    if (p < pattern.size() && pattern[p] == '*') {
      star = ++p;
      star_text = t;
      continue;
    }
    std::size_t next = p;
    if (p < pattern.size() && TakeOne(pattern, next, text[t])) {
      p = next;
      ++t;
      continue;
    }
    if (star == ByteView::npos) return false;
    p = star;
    t = ++star_text;
  }
  while (p < pattern.size() && pattern[p] == '*') ++p;
  return p == pattern.size();
}

}  // namespace beach::server
