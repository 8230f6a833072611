// SPDX-License-Identifier: Apache-2.0
// The IDENTITY file: there is one encoding of each.
#include "engine/manifest/identity.h"

#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

constexpr std::size_t kCrcOffset = engine::kIdentitySize - sizeof(std::uint32_t);

void Seal(Bytes& input) {
  if (input.size() < engine::kIdentitySize) return;
  StoreFixed(input.data() + kCrcOffset, Crc32c(ByteView(input).substr(0, kCrcOffset)));
}

void Run(ByteView input) {
  const auto database = engine::DecodeIdentity(input, "IDENTITY");
  if (!database) {
    const ErrorCode code = database.error().code();
    BEACH_CHECK(code == ErrorCode::kCorruption || code == ErrorCode::kRefused);
    BEACH_CHECK(database.error().path() == "IDENTITY");
    return;
  }
  BEACH_CHECK(engine::EncodeIdentity(*database) == input);
}

}  // namespace

const Target identity_target = {.name = "identity", .run = Run, .seal = Seal, .size_max = 128};

}  // namespace beach::fuzz
