// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <utility>

#include "base/error.h"

namespace beach {

// Whoever waits for space looks for it again after so long.
inline constexpr std::uint64_t kNoSpacePauseNs = 100'000'000;

// kNoSpace says that nothing was written and a retry is safe. A write or sync that had begun and
// then found no space is a failed one like any other (rule 19): its error passes through here.
inline Error WithoutNoSpace(Error error) {
  if (error.code() != ErrorCode::kNoSpace) return error;
  return Error(ErrorCode::kIo, "no space half-way: " + error.message())
      .At(error.path(), error.offset())
      .WithErrno(error.os_error());
}

}  // namespace beach
