// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/properties.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "base/check.h"
#include "base/coding.h"
#include "engine/internal_key.h"
#include "engine/sst/compression.h"
#include "engine/sst/filter.h"
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

Bytes EncodeExpiring(const ExpiryProfile& expiring) {
  Bytes value;
  Encoder encoder(value);
  encoder.Varint(expiring.entries);
  for (const std::uint64_t time : expiring.times) encoder.Varint(time);
  return value;
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

  // That of no entries, where there is none.
  ExpiryProfile TakeExpiring(ByteView name) {
    ExpiryProfile expiring;
    if (std::ranges::find(values_, name, &Value::first) == values_.end()) return expiring;
    Decoder decoder(TakeBytes(name));
    expiring.entries = decoder.Varint();
    for (std::uint64_t& time : expiring.times) time = decoder.Varint();
    ok_ = ok_ && decoder.done() && expiring.entries > 0;
    return expiring;
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
  if (properties.entries == 0 && properties.range_deletes == 0) return false;
  if ((properties.data_blocks == 0) != (properties.entries == 0)) return false;
  if ((properties.user_keys == 0) != (properties.entries == 0)) return false;
  if (properties.deletes > properties.entries) return false;
  if (properties.expiring.entries > properties.entries - properties.deletes) return false;
  if (!std::ranges::is_sorted(properties.expiring.times)) return false;
  return properties.user_keys <= properties.entries &&
         properties.data_blocks <= properties.entries &&
         properties.filter_bits_per_key <= kFilterBitsPerKeyMax &&
         CompareInternalKeys(properties.smallest, properties.largest) <= 0 &&
         properties.sequence_min <= properties.sequence_max &&
         properties.sequence_max <= kMaxSequence;
}

bool ParseCompression(ByteView name, Compression& compression) {
  for (const Compression known : {Compression::kNone, Compression::kLz4, Compression::kZstd}) {
    if (name != CompressionName(known)) continue;
    compression = known;
    return true;
  }
  return false;
}

}  // namespace

bool Properties::Count(ByteView internal_key, ByteView value) {
  BEACH_CHECK_EQ(range_deletes, 0U);
  InternalKey parsed;
  const bool is_key = ParseInternalKey(internal_key, parsed);
  BEACH_CHECK(is_key);
  const bool is_new = entries == 0 || UserKeyOf(largest) != parsed.user_key;
  if (entries == 0) {
    smallest.assign(internal_key);
    sequence_min = parsed.sequence;
    sequence_max = parsed.sequence;
  }
  ++entries;
  deletes += parsed.kind == ValueKind::kDelete ? 1 : 0;
  user_keys += is_new ? 1 : 0;
  raw_key_size += internal_key.size();
  raw_value_size += value.size();
  largest.assign(internal_key);
  sequence_min = std::min(sequence_min, parsed.sequence);
  sequence_max = std::max(sequence_max, parsed.sequence);
  return is_new;
}

void Properties::Count(const RangeDelete& range) {
  Bytes begin;
  Bytes end;
  AppendInternalKey(begin, {range.begin, range.sequence, ValueKind::kPut});
  AppendExclusiveBound(end, range.end);
  const bool first = entries == 0 && range_deletes == 0;
  ++range_deletes;
  if (first || CompareInternalKeys(begin, smallest) < 0) smallest = std::move(begin);
  if (first || CompareInternalKeys(end, largest) > 0) largest = std::move(end);
  sequence_min = first ? range.sequence : std::min(sequence_min, range.sequence);
  sequence_max = first ? range.sequence : std::max(sequence_max, range.sequence);
}

Bytes EncodeProperties(const Properties& properties) {
  BEACH_CHECK(IsSane(properties));
  Bytes bytes;
  AddBytes(bytes, "comparator", kComparatorName);
  AddBytes(bytes, "compression", CompressionName(properties.compression));
  AddNumber(bytes, "data_blocks", properties.data_blocks);
  AddNumber(bytes, "data_size", properties.data_size);
  AddNumber(bytes, "deletes", properties.deletes);
  AddNumber(bytes, "entries", properties.entries);
  if (properties.expiring.entries > 0) {
    AddBytes(bytes, "expiring", EncodeExpiring(properties.expiring));
  }
  AddNumber(bytes, "filter_bits_per_key", properties.filter_bits_per_key);
  AddBytes(bytes, "format", kFormatName);
  AddBytes(bytes, "largest", properties.largest);
  AddNumber(bytes, "range_deletes", properties.range_deletes);
  AddNumber(bytes, "raw_data_size", properties.raw_data_size);
  AddNumber(bytes, "raw_key_size", properties.raw_key_size);
  AddNumber(bytes, "raw_value_size", properties.raw_value_size);
  AddNumber(bytes, "sequence_max", properties.sequence_max.value);
  AddNumber(bytes, "sequence_min", properties.sequence_min.value);
  AddBytes(bytes, "smallest", properties.smallest);
  AddNumber(bytes, "user_keys", properties.user_keys);
  return bytes;
}

Result<Properties> DecodeProperties(ByteView bytes, const std::string& path, std::uint64_t offset) {
  PropertyMap map(bytes);
  Properties properties;
  const ByteView comparator = map.TakeBytes("comparator");
  const ByteView format = map.TakeBytes("format");
  const ByteView compression = map.TakeBytes("compression");
  properties.data_blocks = map.TakeNumber("data_blocks");
  properties.data_size = map.TakeNumber("data_size");
  properties.deletes = map.TakeNumber("deletes");
  properties.entries = map.TakeNumber("entries");
  properties.expiring = map.TakeExpiring("expiring");
  properties.filter_bits_per_key = map.TakeNumber("filter_bits_per_key");
  properties.largest.assign(map.TakeBytes("largest"));
  properties.range_deletes = map.TakeNumber("range_deletes");
  properties.raw_data_size = map.TakeNumber("raw_data_size");
  properties.raw_key_size = map.TakeNumber("raw_key_size");
  properties.raw_value_size = map.TakeNumber("raw_value_size");
  properties.sequence_max = SequenceNumber(map.TakeNumber("sequence_max"));
  properties.sequence_min = SequenceNumber(map.TakeNumber("sequence_min"));
  properties.smallest.assign(map.TakeBytes("smallest"));
  properties.user_keys = map.TakeNumber("user_keys");
  if (!map.ok()) return Damaged(path, offset, "malformed table properties");
  if (comparator != kComparatorName || format != kFormatName) {
    const std::string names = Printable(format) + ", order " + Printable(comparator);
    return Fail(Error(ErrorCode::kRefused, "unknown table format " + names).At(path, offset));
  }
  if (!ParseCompression(compression, properties.compression)) {
    const std::string name = "unknown compression " + Printable(compression);
    return Fail(Error(ErrorCode::kRefused, name).At(path, offset));
  }
  if (!IsSane(properties)) return Damaged(path, offset, "table properties contradict themselves");
  return properties;
}

}  // namespace beach::engine::sst
