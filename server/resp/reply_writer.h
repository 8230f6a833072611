// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>

#include "base/bytes.h"

namespace beach::server {

enum class RespVersion : std::uint8_t { kTwo = 2, kThree = 3 };

// Appends replies to a client, as its version of the protocol has them: what RESP2 has no type for
// takes the form that its clients know.
class RespReplyWriter {
 public:
  RespReplyWriter(RespVersion version, Bytes& target) : version_(version), target_(target) {}

  RespVersion version() const { return version_; }

  void Simple(ByteView text);  // REQUIRES: on one line
  // What is not to be on one line becomes spaces. `text` begins with its code: "ERR ...".
  void Error(ByteView text);
  void Integer(std::int64_t value);
  void Bulk(ByteView bytes);
  void BulkOrNull(const std::optional<Bytes>& bytes);
  void Text(ByteView text);  // for people: verbatim, or a bulk string
  void Null();
  void NullArray();  // RESP2 has two of them
  void Bool(bool value);
  // So many elements follow; of a map, keys and values in turns.
  void Array(std::uint64_t count);
  void Map(std::uint64_t pairs);
  void Set(std::uint64_t count);

 private:
  void Head(char type, std::uint64_t count);

  const RespVersion version_;
  Bytes& target_;
};

}  // namespace beach::server
