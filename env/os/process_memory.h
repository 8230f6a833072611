// SPDX-License-Identifier: Apache-2.0
#pragma once

namespace beach::env {

// For programs that hold a database to a memory budget, at their begin: glibc keeps pieces of
// 128 KiB and more apart from all others, and gives each back to the system when it is freed. By
// itself it raises that size to that of the largest piece that was ever freed; then the small ones
// fill the holes that buffers, indexes and memtables leave, and a third of the memory is in use by
// nobody. Of the whole process, from one thread.
void KeepLargePiecesApart();

}  // namespace beach::env
