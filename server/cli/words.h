// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "base/error.h"

namespace beach::server {

// A line of input as words, any bytes in each:
//   put colour "dark blue"     three words
//   put "\x00\xff" ''          a key of two bytes, an empty value
// Words end at blanks. In '...' everything stands for itself; in "..." and outside, \n \t \r \" \'
// \\ \xNN and \ before a blank are one byte. A word that begins with # and what follows is no part
// of the line. kInvalidArgument, with the place: a quote that is not closed, another backslash.
Result<std::vector<std::string>> SplitWords(std::string_view line);

}  // namespace beach::server
