// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "engine/types.h"
#include "engine/version.h"
#include "env/events.h"

namespace beach::engine {

// Tells `events` (null: nobody) what becomes of a version: "table.removed" for each file of
// `removed`, then "table.added" for each table of `added`, with level and sizes and without keys,
// which are the user's own. Told when `before` is replaced, in the order in which versions are:
// their sum since an open, on what was there then, is what Db::Stats counts in its levels.
void RecordTableChanges(env::EventSink* events, const Version& before,
                        std::span<const FileNumber> removed, std::span<const TablePointer> added);

}  // namespace beach::engine
