// SPDX-License-Identifier: Apache-2.0
// The image of a simulated disk: there is one encoding of each, and no path leads out of the folder
// that it is unpacked into.
#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "fuzz/targets/targets.h"
#include "sim/disk/image.h"

namespace beach::fuzz {
namespace {

constexpr std::size_t kCrcSize = sizeof(std::uint32_t);

void Seal(Bytes& input) {
  if (input.size() < kCrcSize) return;
  const std::size_t body = input.size() - kCrcSize;
  StoreFixed(input.data() + body, Crc32c(ByteView(input).substr(0, body)));
}

void Run(ByteView input) {
  const auto image = sim::DecodeImage(input);
  if (!image) {
    const ErrorCode code = image.error().code();
    BEACH_CHECK(code == ErrorCode::kCorruption || code == ErrorCode::kRefused);
    return;
  }
  BEACH_CHECK(sim::EncodeImage(*image) == input);
  for (const sim::DiskImage::Entry& entry : image->entries) {
    const std::string framed = "/" + entry.path + "/";
    BEACH_CHECK(framed.find("//") == std::string::npos);
    BEACH_CHECK(framed.find("/../") == std::string::npos);
    std::uint64_t end = 0;
    for (const sim::DiskImage::Run& run : entry.runs) {
      BEACH_CHECK_GE(run.offset, end);
      end = run.offset + run.bytes.size();
    }
    BEACH_CHECK_LE(end, entry.size_bytes);
  }
}

}  // namespace

const Target disk_image_target = {
    .name = "disk_image", .run = Run, .seal = Seal, .size_max = 64 * 1024};

}  // namespace beach::fuzz
