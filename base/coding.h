// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>

#include "base/bytes.h"

// The one way numbers become bytes: fixed-width little-endian, varints (LEB128, at most 10 bytes),
// and length-prefixed byte strings. Every format in docs/formats/ is built of these.

namespace beach {

static_assert(std::endian::native == std::endian::little, "formats are written by memcpy");

// sizeof(T) bytes, little-endian, at any alignment. T is an unsigned integer. REQUIRES: that many
// bytes of memory.
template <class T>
inline void StoreFixed(char* target, T value) {
  std::memcpy(target, &value, sizeof value);
}

template <class T>
inline T LoadFixed(const char* source) {
  T value;
  std::memcpy(&value, source, sizeof value);
  return value;
}

// Appends to a byte string it does not own.
class Encoder {
 public:
  explicit Encoder(Bytes& target) : target_(target) {}

  void Fixed8(std::uint8_t value) { target_.push_back(static_cast<char>(value)); }
  void Fixed16(std::uint16_t value) { Fixed(value); }
  void Fixed32(std::uint32_t value) { Fixed(value); }
  void Fixed64(std::uint64_t value) { Fixed(value); }
  void Varint(std::uint64_t value);
  void LengthPrefixed(ByteView bytes);  // varint length, then the bytes
  void Raw(ByteView bytes) { target_.append(bytes); }

 private:
  template <class T>
  void Fixed(T value) {
    char bytes[sizeof value];
    StoreFixed(bytes, value);
    target_.append(bytes, sizeof bytes);
  }

  Bytes& target_;
};

// Takes values off the front of hostile bytes. The first value that does not fit turns the decoder
// bad for good: every later call gives zero or empty, and ok() is false. So a caller may decode a
// whole struct and test once. Views point into the input.
class Decoder {
 public:
  explicit Decoder(ByteView input) : rest_(input) {}

  std::uint8_t Fixed8() { return Fixed<std::uint8_t>(); }
  std::uint16_t Fixed16() { return Fixed<std::uint16_t>(); }
  std::uint32_t Fixed32() { return Fixed<std::uint32_t>(); }
  std::uint64_t Fixed64() { return Fixed<std::uint64_t>(); }
  std::uint64_t Varint();            // bad on more than 10 bytes or overflow of 64 bits
  std::uint32_t Varint32();          // bad on overflow of 32 bits
  ByteView LengthPrefixed();         // bad when the length exceeds what is left
  ByteView Raw(std::size_t length);  // bad when that many are not left

  bool ok() const { return ok_; }
  // ok, and nothing is left.
  bool done() const { return ok_ && rest_.empty(); }
  ByteView rest() const { return rest_; }

 private:
  template <class T>
  T Fixed() {
    if (rest_.size() < sizeof(T)) return Bad(), T{};
    const T value = LoadFixed<T>(rest_.data());
    rest_.remove_prefix(sizeof(T));
    return value;
  }
  void Bad() {
    ok_ = false;
    rest_ = {};
  }

  ByteView rest_;
  bool ok_ = true;
};

}  // namespace beach
