// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <deque>
#include <optional>
#include <vector>

#include "base/bytes.h"
#include "base/error.h"
#include "engine/db.h"
#include "engine/write_batch.h"
#include "server/command/answer.h"
#include "server/command/command.h"
#include "server/machine/computed.h"

namespace beach::server {

// What a transaction reads: the user's keys as they are before it, at a time that the database may
// not have come to yet.
class KeyReader {
 public:
  KeyReader(engine::Db& db, std::uint64_t time_ms, bool may_block)
      : db_(db), may_block_(may_block) {
    options_.time = time_ms;
  }

  // Never would-block if it may.
  Result<engine::TryGetResult> Get(ByteView user_key);
  // The same, with when it expires. Nothing: it would block.
  Result<std::optional<KeyState>> GetState(ByteView user_key);
  Result<engine::TryGetResult> GetStored(ByteView stored_key);
  std::uint64_t time_ms() const { return options_.time; }

 private:
  engine::Db& db_;
  engine::ReadOptions options_;
  const bool may_block_;
  Bytes scratch_;
};

// A transaction whose conditions were judged and whose reads were made.
struct Judged {
  bool would_block = false;  // a read would; nothing else is said then
  AnswerKind kind = AnswerKind::kInvalid;
  std::vector<std::optional<Bytes>> values;
  const std::vector<Operation>* operations = nullptr;  // the command's, to be done; null: none
  // Where some are computed: what is to be done in their place, all of it. Views are of the
  // command, and of `made`.
  std::vector<Operation> resolved = {};
  std::deque<Bytes> made = {};
};
// Conditions and reads see the keys as they are, and reads what stands before them in their list.
// Errors are those of reading, and for good.
Result<Judged> Judge(const Command& command, KeyReader& reader);
// Adds what the operations write. REQUIRES: they passed CheckCommand.
void AddWrites(const std::vector<Operation>& operations, engine::WriteBatch& batch);

}  // namespace beach::server
