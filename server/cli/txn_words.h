// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>

#include "base/error.h"
#include "server/client/client.h"

namespace beach::server {

// A transaction as it is typed, for `beachdb cli`:
//   [if CONDITION [and CONDITION]...] then OPERATION... [else OPERATION...]
//   CONDITION: KEY = VALUE, KEY != VALUE, KEY exists, KEY absent
//   OPERATION: put KEY VALUE, del KEY, get KEY
// Keys and values may be any words, these too: what a word is follows from its place. Views of the
// result are of `words`. kInvalidArgument with what was expected, and the word that is there.
Result<Transaction> ReadTransaction(std::span<const std::string> words);

}  // namespace beach::server
