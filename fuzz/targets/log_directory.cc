// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets/log_directory.h"

#include <utility>

#include "base/check.h"
#include "base/coding.h"

namespace beach::fuzz {

using engine::FileNumber;
using engine::LogPosition;
using engine::SegmentOrdinal;
using engine::wal::Segment;

namespace {

constexpr std::size_t kFilesMax = 4;
constexpr std::uint32_t kOpen = ~std::uint32_t{0};

void EncodePosition(Encoder& encoder, LogPosition position) {
  encoder.Fixed8(static_cast<std::uint8_t>(position.segment.value));
  encoder.Fixed32(static_cast<std::uint32_t>(position.offset));
}

LogPosition DecodePosition(Decoder& decoder) {
  LogPosition position;
  position.segment = SegmentOrdinal(decoder.Fixed8());
  position.offset = decoder.Fixed32();
  return position;
}

}  // namespace

Bytes EncodeLogDirectory(const LogDirectory& directory) {
  BEACH_CHECK_GE(directory.files.size(), 1U);
  BEACH_CHECK_LE(directory.files.size(), kFilesMax);
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Fixed8(static_cast<std::uint8_t>(directory.files.size() - 1));
  EncodePosition(encoder, directory.replay_from);
  EncodePosition(encoder, directory.durable);
  for (const LogDirectory::File& file : directory.files) {
    encoder.Fixed32(file.size);
    encoder.Fixed32(file.end);
    encoder.Fixed32(static_cast<std::uint32_t>(file.bytes.size()));
    encoder.Raw(file.bytes);
  }
  return bytes;
}

std::optional<LogDirectory> DecodeLogDirectory(ByteView bytes) {
  Decoder decoder(bytes);
  LogDirectory directory;
  const std::size_t count = (decoder.Fixed8() % kFilesMax) + 1;
  directory.replay_from = DecodePosition(decoder);
  directory.durable = DecodePosition(decoder);
  for (std::size_t i = 0; i < count; ++i) {
    LogDirectory::File file;
    file.size = decoder.Fixed32();
    file.end = decoder.Fixed32();
    file.bytes = decoder.Raw(decoder.Fixed32());
    if (file.size > kLogFileSizeMax) return std::nullopt;
    directory.files.push_back(std::move(file));
  }
  if (!decoder.ok()) return std::nullopt;
  return directory;
}

engine::wal::RecoveryInput Materialize(const LogDirectory& directory,
                                       engine::testing::MemoryFiles& files) {
  const Status made = files.CreateDirectory(kLogFolder);
  BEACH_CHECK(made.has_value());
  engine::wal::RecoveryInput input{.directory = kLogFolder,
                                   .segments = {},
                                   .replay_from = directory.replay_from,
                                   .durable = directory.durable};
  std::uint64_t number = 0;
  for (const LogDirectory::File& file : directory.files) {
    ++number;
    const std::uint64_t end = file.end == kOpen ? Segment::kOpenEnd : file.end;
    input.segments.push_back({SegmentOrdinal(number), FileNumber(number), file.size, end});
    Bytes content = file.bytes;
    if (content.size() < file.size) content.resize(file.size, '\0');
    const std::string name = engine::wal::SegmentFileName(FileNumber(number));
    files.SetContent(env::JoinPath(kLogFolder, name), std::move(content));
  }
  return input;
}

}  // namespace beach::fuzz
