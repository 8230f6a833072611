// SPDX-License-Identifier: Apache-2.0
#include "fuzz/mutation.h"

#include <algorithm>

namespace beach::fuzz {
namespace {

constexpr std::uint64_t kWindowSizeLog2Max = 7;
constexpr std::uint64_t kChangesMax = 4;
// Ends of ranges: where a length or an offset does harm.
constexpr std::uint64_t kNumbers[] = {0,
                                      1,
                                      0x7f,
                                      0x80,
                                      0xff,
                                      0xfff,
                                      0x1000,
                                      0x7fff'ffff,
                                      0x8000'0000,
                                      0xffff'ffff,
                                      0x7fff'ffff'ffff'ffff,
                                      0xffff'ffff'ffff'ffff};

void ChangeInPlace(Bytes& bytes, Window window, RandomStream& stream) {
  char* const target = bytes.data() + window.begin;
  switch (stream.Below(4)) {
    case 0: *target = static_cast<char>(*target ^ (1 << stream.Below(8))); return;
    case 1: *target = static_cast<char>(stream.Below(256)); return;
    case 2: {
      const std::uint64_t number = kNumbers[stream.Below(std::size(kNumbers))];
      const std::size_t width = std::size_t{1} << stream.Below(4);
      for (std::size_t i = 0; i < std::min(width, bytes.size() - window.begin); ++i) {
        target[i] = static_cast<char>(number >> (8 * i));
      }
      return;
    }
    default: {
      const std::uint64_t from = stream.Below(bytes.size() - window.size + 1);
      const Bytes part = bytes.substr(from, window.size);
      bytes.replace(window.begin, window.size, part);
      return;
    }
  }
}

void ChangeSize(Bytes& bytes, Window window, RandomStream& stream) {
  switch (stream.Below(4)) {
    case 0: bytes.erase(window.begin, window.size); return;
    case 1: bytes.insert(window.begin, bytes.substr(window.begin, window.size)); return;
    case 2: bytes.insert(window.begin, window.size, static_cast<char>(stream.Below(256))); return;
    default: bytes.resize(window.begin); return;
  }
}

}  // namespace

Window DrawWindow(ByteView input, RandomStream& stream) {
  if (input.empty()) return {};
  const std::size_t from = static_cast<std::size_t>(stream.Below(input.size()));
  std::size_t begin = input.find_first_not_of('\0', from);
  if (begin == ByteView::npos) begin = from;
  const std::size_t size = std::size_t{1} << stream.Below(kWindowSizeLog2Max + 1);
  return {begin, std::min(size, input.size() - begin)};
}

Bytes Mutate(ByteView input, RandomStream& stream, std::size_t size_max) {
  Bytes bytes(input);
  const std::uint64_t changes = stream.Between(1, kChangesMax);
  for (std::uint64_t i = 0; i < changes; ++i) {
    if (bytes.empty()) bytes.push_back(static_cast<char>(stream.Below(256)));
    const Window window = DrawWindow(bytes, stream);
    if (stream.Chance(3, 4)) {
      ChangeInPlace(bytes, window, stream);
    } else {
      ChangeSize(bytes, window, stream);
    }
  }
  bytes.resize(std::min(bytes.size(), size_max));
  return bytes;
}

}  // namespace beach::fuzz
