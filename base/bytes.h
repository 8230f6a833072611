// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <string>
#include <string_view>

namespace beach {

// Uninterpreted bytes. Both types order bytewise as unsigned values (std::char_traits<char>
// compares as unsigned char), which is the order the database promises for keys.
using Bytes = std::string;
using ByteView = std::string_view;  // borrowed: lives as long as what it points into

// Makes it `size` bytes long without a value for those that it did not have: for who writes all of
// them at once.
void ResizeUnfilled(Bytes& bytes, std::size_t size);

// `bytes` as printable text for messages: printable ASCII as is, the rest as \xNN, cut after
// `length_max` source bytes with "..." and the full length.
std::string Printable(ByteView bytes, std::size_t length_max = 64);

}  // namespace beach
