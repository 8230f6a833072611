// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/format.h"

#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"

namespace beach::engine {

std::string TableFileName(FileNumber file) {
  std::string digits = std::to_string(file.value);
  if (digits.size() < 6) digits.insert(0, 6 - digits.size(), '0');
  return digits + ".sst";
}

}  // namespace beach::engine

namespace beach::engine::sst {

Bytes EncodeFooter(const Footer& footer) {
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Fixed64(kMagic);
  encoder.Fixed32(kFormatVersion);
  encoder.Fixed64(footer.identity.database.high);
  encoder.Fixed64(footer.identity.database.low);
  encoder.Fixed64(footer.identity.file.value);
  encoder.Fixed64(footer.index.offset);
  encoder.Fixed64(footer.index.size);
  encoder.Fixed64(footer.properties.offset);
  encoder.Fixed64(footer.properties.size);
  encoder.Fixed64(footer.filter.offset);
  encoder.Fixed64(footer.filter.size);
  encoder.Fixed64(footer.range_deletes.offset);
  encoder.Fixed64(footer.range_deletes.size);
  BEACH_CHECK_EQ(bytes.size(), kFooterCrcOffset);
  encoder.Fixed32(Crc32c(bytes));
  BEACH_CHECK_EQ(bytes.size(), kFooterSize);
  return bytes;
}

Result<Footer> DecodeFooter(ByteView bytes, const std::string& path, std::uint64_t offset) {
  BEACH_CHECK_EQ(bytes.size(), kFooterSize);
  const char* const data = bytes.data();
  const auto word = [data](std::size_t at) { return LoadFixed<std::uint64_t>(data + at); };
  if (word(kFooterMagicOffset) != kMagic) return Damaged(path, offset, "no table footer");
  // The checksum goes first: a version that damage made up must not read as a newer one.
  const auto crc = LoadFixed<std::uint32_t>(data + kFooterCrcOffset);
  if (crc != Crc32c(bytes.substr(0, kFooterCrcOffset))) {
    return Damaged(path, offset, "bad footer checksum");
  }
  const auto version = LoadFixed<std::uint32_t>(data + kFooterVersionOffset);
  if (version != kFormatVersion) {
    std::string message = "unknown table format version " + std::to_string(version);
    return Fail(Error(ErrorCode::kRefused, message + ": use a newer program").At(path, offset));
  }
  Footer footer;
  footer.identity.database.high = word(kFooterDatabaseHighOffset);
  footer.identity.database.low = word(kFooterDatabaseLowOffset);
  footer.identity.file = FileNumber(word(kFooterFileNumberOffset));
  footer.index = {word(kFooterIndexOffsetOffset), word(kFooterIndexSizeOffset)};
  footer.properties = {word(kFooterPropertiesOffsetOffset), word(kFooterPropertiesSizeOffset)};
  footer.filter = {word(kFooterFilterOffsetOffset), word(kFooterFilterSizeOffset)};
  footer.range_deletes = {word(kFooterRangeDeletesOffsetOffset),
                          word(kFooterRangeDeletesSizeOffset)};
  return footer;
}

std::unexpected<Error> Damaged(const std::string& path, std::uint64_t offset, std::string what) {
  return Fail(Error(ErrorCode::kCorruption, std::move(what)).At(path, offset));
}

}  // namespace beach::engine::sst
