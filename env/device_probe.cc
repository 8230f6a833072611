// SPDX-License-Identifier: Apache-2.0
#include "env/device_probe.h"

#include <algorithm>
#include <cerrno>
#include <iterator>
#include <memory>
#include <utility>

namespace beach::env {
namespace {

constexpr std::size_t kLooksForMost = 8;
constexpr std::size_t kLooksForTwo = 64;

struct alignas(kDirectAlignment) Block {
  char bytes[kDirectAlignment];
};

}  // namespace

bool IsUnreadable(const Error& error) {
  if (error.code() != ErrorCode::kIo) return false;
  // Past the page cache some kernels say what kind of error it was (blk_status_to_errno).
  constexpr int kOfMedia[] = {EIO, ENODATA, EILSEQ, EREMOTEIO, EBADMSG};
  return std::ranges::find(kOfMedia, error.os_error()) != std::end(kOfMedia);
}

DeviceProbe::DeviceProbe(FileSystem& files, std::vector<Place> places, Proof proof)
    : files_(files), places_(std::move(places)), proof_(proof) {}

Status DeviceProbe::Look(const Place& place) {
  auto file = files_.Open(place.path, {.mode = OpenMode::kRead, .direct = true});
  if (!file && file.error().code() == ErrorCode::kUnsupported) {
    file = files_.Open(place.path, {.mode = OpenMode::kRead, .direct = false});
  }
  if (!file) return Fail(std::move(file).error());
  const auto block = std::make_unique<Block>();
  const std::uint64_t offset = place.offset / kDirectAlignment * kDirectAlignment;
  BEACH_TRY((*file)->ReadAt(offset, block->bytes, kDirectAlignment));
  return {};
}

Status DeviceProbe::Answers() {
  const std::size_t looks =
      std::min(places_.size(), proof_ == Proof::kMost ? kLooksForMost : kLooksForTwo);
  const std::size_t wanted =
      proof_ == Proof::kMost ? looks / 2 + 1 : std::clamp<std::size_t>(looks, 1, 2);
  // Neighbours in the list are neighbours on the device: the looks of one time are far apart.
  const std::size_t stride = looks == 0 ? 0 : places_.size() / looks;
  std::size_t given = 0;
  Error refused(ErrorCode::kIo, "no other place is known");
  for (std::size_t i = 0; i < looks && given < wanted; ++i) {
    Status looked = Look(places_[(next_ + i * stride) % places_.size()]);
    if (looked) ++given;
    if (!looked) refused = std::move(looked).error();
  }
  ++next_;
  if (given >= wanted) return {};
  return Fail(Error(ErrorCode::kIo,
                    "the device does not answer: of " + std::to_string(looks) +
                        " places that are looked at " + std::to_string(given) +
                        " can be read; nothing is taken for lost: start again when it does (" +
                        refused.message() + ")")
                  .At(refused.path(), refused.offset())
                  .WithErrno(refused.os_error()));
}

Result<bool> DeviceProbe::IsBad(const Place& place) {
  BEACH_TRY(Answers());
  Status looked = Look(place);
  BEACH_TRY(Answers());
  if (looked) return false;
  if (!IsUnreadable(looked.error())) return Fail(std::move(looked).error());
  return true;
}

}  // namespace beach::env
