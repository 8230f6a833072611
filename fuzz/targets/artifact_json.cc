// SPDX-License-Identifier: Apache-2.0
// The artifact of a run: read, written and read again it is the same, byte for byte the second
// time; and one whose texts are the input's bytes, whatever they are, comes back as it was.
#include "artifacts/artifact.h"
#include "base/check.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

void CheckAnyText(ByteView input) {
  artifacts::Artifact artifact;
  artifact.verdict.message = input;
  artifact.options[Bytes(input)] = input.size();
  artifact.operations = {{1, 2, 3, "put", {Bytes(input), ""}}};
  artifact.decisions = {{"site", "host", 1, Bytes(input.substr(input.size() / 2)), 2, 3}};
  const auto read = artifacts::FromJson(artifacts::ToJson(artifact));
  BEACH_CHECK(read.has_value());
  BEACH_CHECK(*read == artifact);
}

void Run(ByteView input) {
  CheckAnyText(input);
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
