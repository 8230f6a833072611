// SPDX-License-Identifier: Apache-2.0
// One edit of the manifest: decoded, encoded and decoded again it is the same. What it makes of an
// empty state, if that is legal, is what its own snapshot makes.
#include "base/check.h"
#include "engine/manifest/edit.h"
#include "engine/manifest/state.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

using engine::ManifestEdit;
using engine::ManifestState;

void Run(ByteView input) {
  const auto edit = engine::DecodeManifestEdit(input);
  if (!edit) {
    const ErrorCode code = edit.error().code();
    BEACH_CHECK(code == ErrorCode::kCorruption || code == ErrorCode::kRefused);
    return;
  }
  const Bytes bytes = engine::EncodeManifestEdit(*edit);
  BEACH_CHECK_LE(bytes.size(), input.size());
  const auto again = engine::DecodeManifestEdit(bytes);
  BEACH_CHECK(again.has_value());
  BEACH_CHECK(*again == *edit);

  ManifestState state;
  if (const Status applied = state.Apply(*edit); !applied) {
    BEACH_CHECK(applied.error().code() == ErrorCode::kCorruption);
    return;
  }
  const Status checked = state.Check();
  BEACH_CHECK(checked.has_value());
  ManifestState copy;
  for (const ManifestEdit& part : state.Snapshot()) {
    const Status applied = copy.Apply(part);
    BEACH_CHECK(applied.has_value());
  }
  BEACH_CHECK(copy == state);
}

}  // namespace

const Target manifest_edit_target = {
    .name = "manifest_edit", .run = Run, .seal = nullptr, .size_max = 4096};

}  // namespace beach::fuzz
