// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <map>
#include <string>
#include <utility>

#include "base/bytes.h"
#include "base/error.h"
#include "sim/disk/image.h"
#include "sim/run.h"

// Disks that a released version has left behind, and today's engine on them. An image has a
// database whose process was killed ("db"), a checkpoint ("copy"), a place of backups ("backups"),
// what was in each of them, as that version itself read it ("expected-NAME"), and which formats
// they are in ("formats").

namespace beach::sim::scenarios::upgrade {

// By table (empty: the one without a name) and key.
using State = std::map<std::pair<Bytes, Bytes>, Bytes>;

// Of today's engine: a name and a version a line.
std::string FormatsNow();

// A disk as today's engine leaves it: tables in several levels, of every compression, with range
// deletes, operands, values that expire and have expired, tables with names; a log with batches,
// synced and not, that nobody closed.
DiskImage MakeImage();

// What stands in the image under "formats", or under "expected-" and the name of a database.
// kCorruption: no image of this kind.
Result<std::string> FormatsOf(const DiskImage& image);
Result<State> ExpectedOf(const DiskImage& image, const std::string& name);

// Opens each database of the image, the newest backup restored, in several lives, of which all but
// the last may end by a kill or a power loss as the seed draws; reads it both ways, writes to it,
// compacts it. The verdict says what is not as it was ("upgrade-differs", "upgrade-refused", ...).
RunReport Boot(const DiskImage& image, std::uint64_t seed);

}  // namespace beach::sim::scenarios::upgrade
