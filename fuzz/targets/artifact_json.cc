// SPDX-License-Identifier: Apache-2.0
// The artifact of a run: read, written and read again it is the same, byte for byte the second
// time.
#include "artifacts/artifact.h"
#include "base/check.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

void Run(ByteView input) {
  const auto artifact = artifacts::FromJson(Bytes(input));
  if (!artifact) {
    const ErrorCode code = artifact.error().code();
    BEACH_CHECK(code == ErrorCode::kCorruption || code == ErrorCode::kRefused);
    BEACH_CHECK(!artifact.error().message().empty());
    return;
  }
  const std::string text = artifacts::ToJson(*artifact);
  const auto again = artifacts::FromJson(text);
  BEACH_CHECK(again.has_value());
  BEACH_CHECK(*again == *artifact);
  BEACH_CHECK(artifacts::ToJson(*again) == text);
}

}  // namespace

const Target artifact_json_target = {
    .name = "artifact_json", .run = Run, .seal = nullptr, .size_max = 16 * 1024};

}  // namespace beach::fuzz
