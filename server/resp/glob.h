// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/bytes.h"

namespace beach::server {

// Whether all of the text is as the pattern says: `*` any bytes, `?` one, `[a-z]` and `[^a-z]` one
// of those or none of them, `\` before one that is meant as it is. Takes time by the product of
// both lengths at most.
bool MatchesGlob(ByteView pattern, ByteView text);

}  // namespace beach::server
