// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets/raft_directory.h"

#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "engine/wal/log.h"
#include "raft/disk/register.h"

namespace beach::fuzz {
namespace {

constexpr std::size_t kFilesMax = 4;
constexpr std::size_t kRegisterCrcOffset = 12;
constexpr std::size_t kRegisterCrcEnd = 16;

}  // namespace

Bytes EncodeRaftDirectory(const RaftDirectory& directory) {
  BEACH_CHECK_GE(directory.files.size(), 1U);
  BEACH_CHECK_LE(directory.files.size(), kFilesMax);
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Fixed64(directory.held.index.value);
  encoder.Fixed64(directory.held.term.value);
  encoder.Fixed8(directory.held.may_be_lost ? 1 : 0);
  encoder.Fixed32(static_cast<std::uint32_t>(directory.register_bytes.size()));
  encoder.Raw(directory.register_bytes);
  encoder.Fixed8(static_cast<std::uint8_t>(directory.files.size() - 1));
  for (const RaftDirectory::File& file : directory.files) {
    encoder.Fixed32(file.size);
    encoder.Fixed32(static_cast<std::uint32_t>(file.bytes.size()));
    encoder.Raw(file.bytes);
  }
  return bytes;
}

std::optional<RaftDirectory> DecodeRaftDirectory(ByteView bytes) {
  Decoder decoder(bytes);
  RaftDirectory directory;
  directory.held.index = raft::LogIndex(decoder.Fixed64());
  directory.held.term = raft::Term(decoder.Fixed64());
  directory.held.may_be_lost = decoder.Fixed8() % 2 == 1;
  directory.register_bytes = decoder.Raw(decoder.Fixed32());
  const std::size_t count = (decoder.Fixed8() % kFilesMax) + 1;
  for (std::size_t i = 0; i < count; ++i) {
    RaftDirectory::File file;
    file.size = decoder.Fixed32();
    file.bytes = decoder.Raw(decoder.Fixed32());
    if (file.size > kRaftFileSizeMax) return std::nullopt;
    directory.files.push_back(std::move(file));
  }
  if (!decoder.ok()) return std::nullopt;
  return directory;
}

void SealRegister(Bytes& bytes) {
  const std::size_t half = bytes.size() / 2;
  if (half < kRegisterCrcEnd) return;
  for (const std::size_t at : {std::size_t{0}, half}) {
    const ByteView copy = ByteView(bytes).substr(at, at == 0 ? half : ByteView::npos);
    const std::uint32_t crc =
        Crc32c(copy.substr(kRegisterCrcEnd), Crc32c(copy.substr(0, kRegisterCrcOffset)));
    StoreFixed(bytes.data() + at + kRegisterCrcOffset, crc);
  }
}

void Materialize(const RaftDirectory& directory, engine::testing::MemoryFiles& files) {
  const Status made = files.CreateDirectory(kRaftFolder);
  BEACH_CHECK(made.has_value());
  files.SetContent(env::JoinPath(kRaftFolder, raft::kRegisterFileName), directory.register_bytes);
  std::uint64_t number = 0;
  for (const RaftDirectory::File& file : directory.files) {
    ++number;
    Bytes content = file.bytes;
    if (content.size() < file.size) content.resize(file.size, '\0');
    const std::string name = engine::wal::SegmentFileName(engine::FileNumber(number));
    files.SetContent(env::JoinPath(kRaftFolder, name), std::move(content));
  }
}

}  // namespace beach::fuzz
