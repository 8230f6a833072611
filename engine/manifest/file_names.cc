// SPDX-License-Identifier: Apache-2.0
#include "engine/manifest/file_names.h"

#include <fmt/format.h>

namespace beach::engine {
namespace {

constexpr ByteView kManifestPrefix = "MANIFEST-";
constexpr ByteView kTableSuffix = ".sst";
constexpr ByteView kSegmentSuffix = ".wal";
constexpr std::uint64_t kNumberMax = ~std::uint64_t{0};
constexpr std::size_t kDigitsMin = 6;
constexpr std::size_t kDigitsMax = 20;  // of a number of 64 bits

std::optional<FileNumber> ParseNumber(ByteView digits) {
  if (digits.size() < kDigitsMin || digits.size() > kDigitsMax) return std::nullopt;
  // One spelling per number: a longer one than needed is somebody else's file.
  if (digits.size() > kDigitsMin && digits.front() == '0') return std::nullopt;
  std::uint64_t number = 0;
  for (const char digit : digits) {
    if (digit < '0' || digit > '9') return std::nullopt;
    const auto value = static_cast<std::uint64_t>(digit - '0');
    if (number > (kNumberMax - value) / 10) return std::nullopt;
    number = number * 10 + value;
  }
  if (number == 0) return std::nullopt;
  return FileNumber(number);
}

}  // namespace

std::string ManifestFileName(FileNumber file) { return fmt::format("MANIFEST-{:06}", file.value); }

std::optional<FileName> ParseFileName(ByteView name) {
  if (name == kLockFileName) return FileName{FileKind::kLock, {}};
  if (name == kIdentityFileName) return FileName{FileKind::kIdentity, {}};
  if (name == kCurrentFileName) return FileName{FileKind::kCurrent, {}};
  if (name == kPartialFileName) return FileName{FileKind::kPartial, {}};
  if (name == "CURRENT.tmp" || name == "IDENTITY.tmp") return FileName{FileKind::kTemporary, {}};

  FileKind kind = FileKind::kManifest;
  if (name.starts_with(kManifestPrefix)) {
    name.remove_prefix(kManifestPrefix.size());
  } else if (name.ends_with(kTableSuffix)) {
    kind = FileKind::kTable;
    name.remove_suffix(kTableSuffix.size());
  } else if (name.ends_with(kSegmentSuffix)) {
    kind = FileKind::kSegment;
    name.remove_suffix(kSegmentSuffix.size());
  } else {
    return std::nullopt;
  }
  const std::optional<FileNumber> number = ParseNumber(name);
  if (!number) return std::nullopt;
  return FileName{kind, *number};
}

}  // namespace beach::engine
