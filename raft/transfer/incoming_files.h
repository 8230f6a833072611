// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "env/files.h"
#include "raft/transfer/snapshot_frame.h"

namespace beach::raft {

// The files of a snapshot that is being received, in a directory that holds nothing else, written
// from front to back. Blocking; one caller at a time.
//
// PLACE says of which snapshot they are, and up to where they are durable. It is replaced after the
// files were synced, so a crash leaves a place that is true, or an earlier one:
//
// | offset | size | field                                  |
// |--------|------|----------------------------------------|
// | 0      | 4    | "BDP1"                                 |
// | 4      | 8    | key of the snapshot                    |
// | 12     | 8    | place: all bytes before it are durable |
// | 20     | 4    | CRC32C of the 20 bytes before          |
//
// A file is "FILE-" and its number from 0 on, in eight digits. After an error what is there is not
// believed again: it is to be cleared.
class IncomingFiles {
 public:
  static constexpr char kPlaceName[] = "PLACE";
  static constexpr std::uint64_t kPlaceSize = 24;

  // The folder above `directory` is there. Synced at the latest after so many bytes.
  IncomingFiles(env::FileSystem& files, std::string directory, std::uint64_t sync_every_bytes);

  // What of this snapshot is here: its place. Where nothing is, all else that is here goes.
  // kNoSpace: there is no room for the rest of it.
  Result<std::uint64_t> Open(SnapshotKey key, const std::vector<std::uint64_t>& sizes);
  // Takes bytes at the place up to which all is here, and none elsewhere. Where they end a file, it
  // is synced, read back and judged by its checksum. Returns the place from then on: that of the
  // file's begin where it was not what was sent, and is to be sent again. kCorruption: for the
  // second time. kClosed: nothing is open. REQUIRES: within one file.
  Result<std::uint64_t> Write(std::uint64_t place, ByteView bytes, std::uint32_t file_crc);
  // Everything goes, durably.
  Status Clear();

  static std::string PathOf(const std::string& directory, std::size_t number);

 private:
  struct Current {
    std::size_t number = 0;  // of the file
    std::unique_ptr<env::File> file;
  };

  std::string PathOf(std::size_t number) const { return PathOf(directory_, number); }
  // The number of the file that a place before the end is in.
  std::size_t NumberAt(std::uint64_t place) const;
  Result<std::uint64_t> Find();
  Result<std::uint64_t> Resume();
  Result<bool> Holds(std::uint64_t place);
  Status BeginNew();
  Status OpenFile(std::size_t number, bool anew);
  Status Record();
  Result<std::uint64_t> Put(std::uint64_t place, ByteView bytes, std::uint32_t file_crc);
  Result<std::uint64_t> EndFile(std::size_t number, std::uint32_t file_crc);

  env::FileSystem& files_;
  const std::string directory_;
  const std::uint64_t sync_every_bytes_;
  SnapshotKey key_;  // 0: not open
  std::vector<std::uint64_t> sizes_;
  std::vector<std::uint64_t> begins_;  // of each file, and behind them the total
  std::uint64_t place_ = 0;            // written up to here
  std::uint64_t durable_ = 0;          // and recorded up to here
  Current current_;
  std::vector<bool> sent_again_;  // by file
};

}  // namespace beach::raft
