// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "base/bytes.h"

namespace beach {

// CRC32C (Castagnoli, RFC 3720 B.4) of `data`: Crc32c("123456789") == 0xe3069283. To go on over
// several pieces, pass the former result as `crc`. Not masked. Thread-safe.
std::uint32_t Crc32c(ByteView data, std::uint32_t crc = 0);

}  // namespace beach
