// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"

namespace beach::sim {

class Disk;

// What is on a disk, as a value: to look at with other tools, and to boot from later. Names and
// bytes alone: no damage, nothing in flight, nothing about what is durable.
struct DiskImage {
  enum class Kind : std::uint8_t { kDirectory = 1, kFile = 2, kLink = 3 };
  // Bytes of a file; between runs it is zero.
  struct Run {
    std::uint64_t offset = 0;
    Bytes bytes;
    friend bool operator==(const Run&, const Run&) = default;
  };
  struct Entry {
    std::string path;  // relative, without "." and ".."
    Kind kind = Kind::kFile;
    std::uint64_t size_bytes = 0;  // of a file
    std::vector<Run> runs = {};    // of a file: ascending, apart, none empty, all within the size
    std::string target = {};       // of a link: the path of a file above it in the list
    friend bool operator==(const Entry&, const Entry&) = default;
  };
  // By path: so a folder stands before what it holds. No path is there twice.
  std::vector<Entry> entries = {};

  friend bool operator==(const DiskImage&, const DiskImage&) = default;
};

inline constexpr std::uint64_t kImageFileSizeMax = std::uint64_t{1} << 40;

// The runs of a file with these bytes: whole sectors, but for its end, that are not zero.
std::vector<DiskImage::Run> RunsOf(ByteView content);
// All bytes of a file. REQUIRES: kFile, and as much memory.
Bytes ContentOf(const DiskImage::Entry& file);

// As a file: docs/formats/image.md. There is one encoding of each.
Bytes EncodeImage(const DiskImage& image);
// Hostile input is fine. kRefused: an unknown version; kCorruption: anything else that no encoder
// wrote. Errors name no file: the caller adds it.
Result<DiskImage> DecodeImage(ByteView bytes);

// Puts all of it on the disk, where none of it is yet, and makes it durable. Calls the disk as a
// program would, so faults that are on may strike: then kIo or kNoSpace.
Status PutImage(Disk& disk, const DiskImage& image);

}  // namespace beach::sim
