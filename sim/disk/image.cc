// SPDX-License-Identifier: Apache-2.0
#include "sim/disk/image.h"

#include <algorithm>
#include <map>
#include <utility>

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "sim/disk/disk.h"

namespace beach::sim {
namespace {

constexpr ByteView kMagic = "BEACHIMG";
constexpr std::uint8_t kVersion = 1;
constexpr std::size_t kCrcSize = sizeof(std::uint32_t);

bool IsZero(ByteView bytes) { return bytes.find_first_not_of('\0') == ByteView::npos; }

// Names that lead nowhere but below the folder that an image is unpacked into.
bool IsPath(ByteView path) {
  if (path.empty() || path.find('\0') != ByteView::npos) return false;
  while (true) {
    const std::size_t slash = path.find('/');
    const ByteView name = path.substr(0, slash);
    if (name.empty() || name == "." || name == ".." || name.size() > 255) return false;
    if (slash == ByteView::npos) return true;
    path.remove_prefix(slash + 1);
  }
}

Error Malformed(const std::string& what) {
  return Error(ErrorCode::kCorruption, "no image of a disk: " + what);
}

Status DecodeRuns(Decoder& in, DiskImage::Entry& file) {
  file.size_bytes = in.Varint();
  const std::uint64_t count = in.Varint();
  if (!in.ok() || file.size_bytes > kImageFileSizeMax) return Fail(Malformed("the size of a file"));
  std::uint64_t end = 0;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    const std::uint64_t offset = in.Varint();
    const ByteView bytes = in.LengthPrefixed();
    const bool apart = i == 0 || offset > end;
    if (!in.ok() || bytes.empty() || !apart || offset > file.size_bytes ||
        bytes.size() > file.size_bytes - offset) {
      return Fail(Malformed("bytes of a file that overlap, or lie beyond its end"));
    }
    end = offset + bytes.size();
    file.runs.push_back({.offset = offset, .bytes = Bytes(bytes)});
  }
  return {};
}

// What stands above it in the list.
class Above {
 public:
  Status Admit(const DiskImage::Entry& entry) {
    const std::string& path = entry.path;
    if (!IsPath(path) || (!kinds_.empty() && path <= last_)) {
      return Fail(Malformed("a path that is none, or in no order"));
    }
    const std::size_t slash = path.rfind('/');
    if (slash != std::string::npos && !Is(path.substr(0, slash), DiskImage::Kind::kDirectory)) {
      return Fail(Malformed("a file in no folder"));
    }
    if (entry.kind == DiskImage::Kind::kLink && !Is(entry.target, DiskImage::Kind::kFile)) {
      return Fail(Malformed("a link to no file"));
    }
    last_ = path;
    kinds_.emplace(path, entry.kind);
    return {};
  }

 private:
  bool Is(const std::string& path, DiskImage::Kind kind) const {
    const auto found = kinds_.find(path);
    return found != kinds_.end() && found->second == kind;
  }

  std::map<std::string, DiskImage::Kind> kinds_;
  std::string last_;
};

Status ErrorOf(int result, const char* operation, const std::string& path) {
  if (result == 0) return {};
  return Fail(ErrnoError(-result, operation, path));
}

Status PutFile(Disk& disk, const DiskImage::Entry& file) {
  Descriptor descriptor;
  BEACH_TRY(ErrorOf(disk.Open(ProcessId(), file.path, {.mode = env::OpenMode::kCreate}, descriptor),
                    "open", file.path));
  int result = disk.Truncate(descriptor, file.size_bytes);
  for (const DiskImage::Run& run : file.runs) {
    if (result == 0) result = disk.WriteAt(descriptor, run.offset, run.bytes, false);
  }
  if (result == 0) result = disk.Sync(descriptor);
  disk.Close(descriptor);
  return ErrorOf(result, "write", file.path);
}

}  // namespace

std::vector<DiskImage::Run> RunsOf(ByteView content) {
  std::vector<DiskImage::Run> runs;
  std::uint64_t end = 0;  // of the last run
  for (std::uint64_t offset = 0; offset < content.size(); offset += kSectorSize) {
    const ByteView sector = content.substr(offset, kSectorSize);
    if (IsZero(sector)) continue;
    if (runs.empty() || end != offset) runs.push_back({.offset = offset, .bytes = {}});
    runs.back().bytes.append(sector);
    end = offset + sector.size();
  }
  return runs;
}

Bytes ContentOf(const DiskImage::Entry& file) {
  BEACH_CHECK(file.kind == DiskImage::Kind::kFile);
  Bytes content(file.size_bytes, '\0');
  for (const DiskImage::Run& run : file.runs) {
    content.replace(run.offset, run.bytes.size(), run.bytes);
  }
  return content;
}

Bytes EncodeImage(const DiskImage& image) {
  Bytes bytes(kMagic);
  Encoder out(bytes);
  out.Fixed8(kVersion);
  out.Varint(image.entries.size());
  for (const DiskImage::Entry& entry : image.entries) {
    out.Fixed8(static_cast<std::uint8_t>(entry.kind));
    out.LengthPrefixed(entry.path);
    if (entry.kind == DiskImage::Kind::kLink) out.LengthPrefixed(entry.target);
    if (entry.kind != DiskImage::Kind::kFile) continue;
    out.Varint(entry.size_bytes);
    out.Varint(entry.runs.size());
    for (const DiskImage::Run& run : entry.runs) {
      out.Varint(run.offset);
      out.LengthPrefixed(run.bytes);
    }
  }
  out.Fixed32(Crc32c(bytes));
  return bytes;
}

Result<DiskImage> DecodeImage(ByteView bytes) {
  if (!bytes.starts_with(kMagic) || bytes.size() < kMagic.size() + 1 + kCrcSize) {
    return Fail(Malformed("it begins otherwise"));
  }
  const ByteView body = bytes.substr(0, bytes.size() - kCrcSize);
  const auto version = static_cast<std::uint8_t>(bytes[kMagic.size()]);
  if (version != kVersion) {
    return Fail(ErrorCode::kRefused,
                "an image of a disk of the unknown version " + std::to_string(version));
  }
  if (Crc32c(body) != LoadFixed<std::uint32_t>(bytes.data() + body.size())) {
    return Fail(Malformed("its checksum is wrong"));
  }
  Decoder in(body.substr(kMagic.size() + 1));
  const std::uint64_t count = in.Varint();
  DiskImage image;
  Above above;
  for (std::uint64_t i = 0; i < count && in.ok(); ++i) {
    DiskImage::Entry entry;
    const std::uint8_t kind = in.Fixed8();
    entry.path = in.LengthPrefixed();
    if (kind < 1 || kind > static_cast<std::uint8_t>(DiskImage::Kind::kLink)) {
      return Fail(Malformed("something that is no file"));
    }
    entry.kind = static_cast<DiskImage::Kind>(kind);
    if (entry.kind == DiskImage::Kind::kLink) entry.target = in.LengthPrefixed();
    if (entry.kind == DiskImage::Kind::kFile) BEACH_TRY(DecodeRuns(in, entry));
    BEACH_TRY(above.Admit(entry));
    image.entries.push_back(std::move(entry));
  }
  if (!in.done()) return Fail(Malformed("it ends too early, or goes on"));
  // Numbers have more than one spelling.
  if (EncodeImage(image) != bytes) return Fail(Malformed("another spelling"));
  return image;
}

Status PutImage(Disk& disk, const DiskImage& image) {
  for (const DiskImage::Entry& entry : image.entries) {
    switch (entry.kind) {
      case DiskImage::Kind::kDirectory:
        BEACH_TRY(ErrorOf(disk.CreateDirectory(entry.path), "create", entry.path));
        break;
      case DiskImage::Kind::kFile: BEACH_TRY(PutFile(disk, entry)); break;
      case DiskImage::Kind::kLink:
        BEACH_TRY(ErrorOf(disk.Link(entry.target, entry.path), "link", entry.path));
        break;
    }
  }
  for (const DiskImage::Entry& entry : image.entries) {
    if (entry.kind != DiskImage::Kind::kDirectory) continue;
    BEACH_TRY(ErrorOf(disk.SyncDirectory(entry.path), "sync", entry.path));
  }
  return ErrorOf(disk.SyncDirectory("."), "sync", ".");
}

}  // namespace beach::sim
