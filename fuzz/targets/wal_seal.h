// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace beach::fuzz {

// Makes the checksums of a log segment right: of its header block, and of whatever looks like an
// item behind it.
void SealSegment(char* bytes, std::size_t size);

}  // namespace beach::fuzz
