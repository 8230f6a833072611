// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>

#include "base/bytes.h"

// Strings of ours are bytes, JSON's are Unicode: a byte of 0x80 or more is written as the code
// point of the same value, so that every string comes back as it was.

namespace beach::artifacts {

std::string ToUtf8(ByteView bytes);
// Nothing where the text has a character above U+00FF, or is no UTF-8.
std::optional<Bytes> FromUtf8(ByteView text);

}  // namespace beach::artifacts
