// SPDX-License-Identifier: Apache-2.0
// The register of a Raft log (docs/formats/raft_log.md). What it decodes to, written again, decodes
// to the same, without damage, in no more bytes.
#include "base/check.h"
#include "fuzz/targets/raft_directory.h"
#include "fuzz/targets/targets.h"
#include "raft/disk/register.h"

namespace beach::fuzz {
namespace {

void Run(ByteView input) {
  const std::string path = "raft/REGISTER";
  const auto found = raft::DecodeRegister(input, path);
  if (!found) {
    const ErrorCode code = found.error().code();
    BEACH_CHECK(code == ErrorCode::kCorruption || code == ErrorCode::kRefused);
    BEACH_CHECK(found.error().path() == path);
    return;
  }
  if (found->damage) BEACH_CHECK(found->damage->path() == path);
  const Bytes again = raft::EncodeRegister(found->content);
  if (!found->damage) BEACH_CHECK_LE(again.size(), input.size());
  const auto second = raft::DecodeRegister(again, path);
  BEACH_CHECK(second.has_value());
  BEACH_CHECK(!second->damage);
  BEACH_CHECK(second->content == found->content);
}

}  // namespace

const Target raft_register_target = {
    .name = "raft_register", .run = Run, .seal = SealRegister, .size_max = 64 * 1024};

}  // namespace beach::fuzz
