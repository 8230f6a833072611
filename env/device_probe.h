// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "base/error.h"
#include "env/files.h"

namespace beach::env {

// Tells a bad sector from a device that is out of order for a while: a cable, a controller, a
// volume. To the reader of one block both are EIO, also when it looks twice. So whoever is about to
// take a block for lost asks before and after its look whether other places, in other files, are
// read meanwhile. Reads go past the page cache where the file system allows it: that answers for a
// device that is gone.
class DeviceProbe {
 public:
  struct Place {
    std::string path;
    std::uint64_t offset = 0;  // of a block
  };
  // How many of the places that are looked at have to be read.
  enum class Proof : std::uint8_t {
    kMost,  // they were read a moment ago
    kTwo,   // they may be as bad as the one in question: a device that is gone gives none
  };
  DeviceProbe(FileSystem& files, std::vector<Place> places, Proof proof);

  // Reads several of the places, each time others. kIo: too few of them are read, or there are none
  // to tell by. Then nothing is known of any other place.
  Status Answers();
  // Whether the block there cannot be read, and the device answers before and after. kIo: it does
  // not. What is refused for another reason than EIO (memory, descriptors) is that error.
  Result<bool> IsBad(const Place& place);

 private:
  Status Look(const Place& place);

  FileSystem& files_;
  const std::vector<Place> places_;
  const Proof proof_;
  std::size_t next_ = 0;  // of places_
};

// Whether an error says that the device could not give what it holds.
bool IsUnreadable(const Error& error);

}  // namespace beach::env
