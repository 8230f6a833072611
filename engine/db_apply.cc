// SPDX-License-Identifier: Apache-2.0
// A database whose log is somebody else's.
#include "engine/db_impl.h"

namespace beach::engine {

Status DbImpl::Apply(const WriteBatch&, LogMark) {
  return Fail(ErrorCode::kUnsupported, "the database has a log of its own");
}

Result<bool> DbImpl::TryApply(const WriteBatch&, LogMark) {
  return Fail(ErrorCode::kUnsupported, "the database has a log of its own");
}

LogMark DbImpl::DurableMark() { return {}; }

void DbImpl::WantFlush() {}

Status DbImpl::Install(const std::vector<PinnedFile>&, SequenceNumber, std::uint64_t, LogMark) {
  return Fail(ErrorCode::kUnsupported, "the database has a log of its own");
}

Result<TryGetResult> DbImpl::TryGet(const ReadOptions&, ByteView) {
  return Fail(ErrorCode::kUnsupported, "not yet");
}

}  // namespace beach::engine
