// SPDX-License-Identifier: Apache-2.0
#include "server/run/node_identity.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "base/random.h"
#include "env/small_file.h"

namespace beach::server {
namespace {

constexpr std::size_t kHeadSize = 32;
constexpr std::size_t kSumSize = sizeof(std::uint32_t);
constexpr std::size_t kSizeMax = kHeadSize + kFoundersMax * sizeof(std::uint64_t) + kSumSize;

std::unexpected<Error> Bad(const char* what) { return Fail(ErrorCode::kCorruption, what); }

}  // namespace

Bytes EncodeNodeIdentity(const NodeIdentity& identity) {
  BEACH_CHECK_GE(identity.founders.size(), 1U);
  BEACH_CHECK_LE(identity.founders.size(), kFoundersMax);
  BEACH_CHECK(std::ranges::is_sorted(identity.founders));
  Bytes bytes;
  Encoder encoder(bytes);
  encoder.Fixed32(kNodeIdentityMagic);
  encoder.Fixed16(kNodeIdentityVersion);
  encoder.Raw(
      ByteView(reinterpret_cast<const char*>(identity.cluster.data()), identity.cluster.size()));
  encoder.Fixed64(identity.node.value);
  encoder.Fixed8(identity.made ? 1 : 0);
  encoder.Fixed8(static_cast<std::uint8_t>(identity.founders.size()));
  BEACH_CHECK_EQ(bytes.size(), kHeadSize);
  for (const raft::NodeId founder : identity.founders) encoder.Fixed64(founder.value);
  encoder.Fixed32(Crc32c(bytes));
  return bytes;
}

Result<NodeIdentity> DecodeNodeIdentity(ByteView bytes) {
  if (bytes.size() < kHeadSize + kSumSize) return Bad("the file is too short");
  Decoder decoder(bytes);
  if (decoder.Fixed32() != kNodeIdentityMagic) return Bad("it begins with other bytes than ours");
  const std::uint16_t version = decoder.Fixed16();
  const ByteView summed = bytes.substr(0, bytes.size() - kSumSize);
  const bool sound = Crc32c(summed) == LoadFixed<std::uint32_t>(bytes.data() + summed.size());
  if (!sound) return Bad("its checksum does not fit");
  if (version != kNodeIdentityVersion) {
    return Fail(ErrorCode::kRefused, "it is of format version " + std::to_string(version) +
                                         ", which this program does not know");
  }
  NodeIdentity identity;
  const ByteView cluster = decoder.Raw(identity.cluster.size());
  std::memcpy(identity.cluster.data(), cluster.data(), cluster.size());
  identity.node = raft::NodeId(decoder.Fixed64());
  const std::uint8_t made = decoder.Fixed8();
  const std::uint8_t founders = decoder.Fixed8();
  identity.made = made == 1;
  if (identity.node.value == 0 || made > 1 || founders == 0 || founders > kFoundersMax) {
    return Bad("a number in it is none that may be");
  }
  for (std::uint8_t i = 0; i < founders; ++i) {
    identity.founders.emplace_back(decoder.Fixed64());
  }
  decoder.Fixed32();
  if (!decoder.done()) return Bad("its size does not fit what it says");
  const auto unordered = std::ranges::adjacent_find(identity.founders, std::greater_equal<>());
  if (unordered != identity.founders.end() || identity.founders[0].value == 0) {
    return Bad("its nodes are out of order");
  }
  return identity;
}

Result<NodeIdentity> ReadNodeIdentity(env::FileSystem& files, const std::string& directory) {
  const std::string path = directory + "/" + kNodeIdentityFileName;
  BEACH_TRY_ASSIGN(const Bytes bytes, env::ReadSmallFile(files, path, kSizeMax));
  Result<NodeIdentity> identity = DecodeNodeIdentity(bytes);
  if (!identity) return Fail(std::move(identity).error().At(path));
  return identity;
}

Status WriteNodeIdentity(env::FileSystem& files, const std::string& directory,
                         const NodeIdentity& identity) {
  const Bytes bytes = EncodeNodeIdentity(identity);
  BEACH_TRY(env::WriteTemporaryFile(files, directory, kNodeIdentityFileName, bytes));
  return env::PublishSmallFile(files, directory, kNodeIdentityFileName);
}

wire::ClusterId ClusterIdOf(ByteView name, const std::vector<raft::NodeId>& founders,
                            std::uint64_t salt) {
  wire::ClusterId id{};
  for (std::size_t half = 0; half < 2; ++half) {
    std::uint64_t mixed = RandomValue(half, name.size(), Crc32c(name), salt, founders.size());
    for (const char letter : name) {
      mixed = RandomValue(mixed, static_cast<unsigned char>(letter));
    }
    for (const raft::NodeId founder : founders) {
      mixed = RandomValue(mixed, founder.value);
    }
    StoreFixed(reinterpret_cast<char*>(id.data()) + half * sizeof(mixed), mixed);
  }
  return id;
}

}  // namespace beach::server
