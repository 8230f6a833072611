// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/properties.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/coding.h"
#include "engine/internal_key.h"
#include "engine/sst/format.h"

namespace beach::engine::sst {
namespace {

void AddBytes(Bytes& target, ByteView name, ByteView value) {
  Encoder encoder(target);
  encoder.LengthPrefixed(name);
  encoder.LengthPrefixed(value);
}

void AddNumber(Bytes& target, ByteView name, std::uint64_t number) {
  Bytes value;
  Encoder(value).Varint(number);
  AddBytes(target, name, value);
}

// Takes values by name; anything missing or malformed turns it bad.
class PropertyMap {
 public:
  explicit PropertyMap(ByteView bytes) {
    Decoder decoder(bytes);
    while (ok_ && decoder.ok() && !decoder.rest().empty()) {
      const ByteView name = decoder.LengthPrefixed();
      const ByteView value = decoder.LengthPrefixed();
      ok_ = values_.empty() || values_.back().first < name;
      values_.emplace_back(name, value);
    }
    ok_ = ok_ && decoder.ok();
  }

  ByteView TakeBytes(ByteView name) {
    const auto found = std::ranges::find(values_, name, &Value::first);
    ok_ = ok_ && found != values_.end();
    return found == values_.end() ? ByteView() : found->second;
  }

  std::uint64_t TakeNumber(ByteView name) {
    Decoder decoder(TakeBytes(name));
    const std::uint64_t number = decoder.Varint();
    ok_ = ok_ && decoder.done();
    return number;
  }

  bool ok() const { return ok_; }

 private:
  using Value = std::pair<ByteView, ByteView>;
  std::vector<Value> values_;  // few: by name, ascending
  bool ok_ = true;
};

bool IsSane(const Properties& properties) {
  InternalKey smallest;
  InternalKey largest;
  if (!ParseInternalKey(properties.smallest, smallest)) return false;
  if (!ParseInternalKey(properties.largest, largest)) return false;
  return properties.entries > 0 && properties.deletes <= properties.entries &&
         properties.data_blocks > 0 && properties.data_blocks <= properties.entries &&
         CompareInternalKeys(properties.smallest, properties.largest) <= 0 &&
         properties.sequence_min <= properties.sequence_max &&
         properties.sequence_max <= kMaxSequence;
}

}  // namespace

void Properties::Count(ByteView internal_key, ByteView value) {
  InternalKey parsed;
  const bool is_key = ParseInternalKey(internal_key, parsed);
  BEACH_CHECK(is_key);
  if (entries == 0) {
    smallest.assign(internal_key);
    sequence_min = parsed.sequence;
    sequence_max = parsed.sequence;
  }
  ++entries;
  deletes += parsed.kind == ValueKind::kDelete ? 1 : 0;
  raw_key_size += internal_key.size();
  raw_value_size += value.size();
  largest.assign(internal_key);
  sequence_min = std::min(sequence_min, parsed.sequence);
  sequence_max = std::max(sequence_max, parsed.sequence);
}

Bytes EncodeProperties(const Properties& properties) {
  BEACH_CHECK(IsSane(properties));
  Bytes bytes;
  AddBytes(bytes, "comparator", kComparatorName);
  AddNumber(bytes, "data_blocks", properties.data_blocks);
  AddNumber(bytes, "deletes", properties.deletes);
  AddNumber(bytes, "entries", properties.entries);
  AddBytes(bytes, "format", kFormatName);
  AddBytes(bytes, "largest", properties.largest);
  AddNumber(bytes, "raw_key_size", properties.raw_key_size);
  AddNumber(bytes, "raw_value_size", properties.raw_value_size);
  AddNumber(bytes, "sequence_max", properties.sequence_max.value);
  AddNumber(bytes, "sequence_min", properties.sequence_min.value);
  AddBytes(bytes, "smallest", properties.smallest);
  return bytes;
}

Result<Properties> DecodeProperties(ByteView bytes, const std::string& path, std::uint64_t offset) {
  PropertyMap map(bytes);
  Properties properties;
  const ByteView comparator = map.TakeBytes("comparator");
  const ByteView format = map.TakeBytes("format");
  properties.data_blocks = map.TakeNumber("data_blocks");
  properties.deletes = map.TakeNumber("deletes");
  properties.entries = map.TakeNumber("entries");
  properties.largest.assign(map.TakeBytes("largest"));
  properties.raw_key_size = map.TakeNumber("raw_key_size");
  properties.raw_value_size = map.TakeNumber("raw_value_size");
  properties.sequence_max = SequenceNumber(map.TakeNumber("sequence_max"));
  properties.sequence_min = SequenceNumber(map.TakeNumber("sequence_min"));
  properties.smallest.assign(map.TakeBytes("smallest"));
  if (!map.ok()) return Damaged(path, offset, "malformed table properties");
  if (comparator != kComparatorName || format != kFormatName) {
    const std::string names = Printable(format) + ", order " + Printable(comparator);
    return Fail(Error(ErrorCode::kRefused, "unknown table format " + names).At(path, offset));
  }
  if (!IsSane(properties)) return Damaged(path, offset, "table properties contradict themselves");
  return properties;
}

}  // namespace beach::engine::sst
