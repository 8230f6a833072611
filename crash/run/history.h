// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "artifacts/artifact.h"
#include "crash/plan/workload.h"
#include "crash/protocol/message.h"
#include "oracle/crash_oracle.h"
#include "oracle/model.h"

namespace beach::crash {

// A checkpoint, or the place of backups: what it may show.
struct Copy {
  std::string directory;
  bool is_backup = false;
  bool acknowledged = false;  // it has to be there
  // Hashes of the states that it may show (oracle::Model::HashOf). Of one that was acknowledged:
  // that state, and for backups those of later ones that may have come about.
  std::set<std::uint64_t> states = {};
  std::uint64_t from = 0;  // the prefix that one of this life holds, at least
};

// What was asked of the workers and what they said, held against the oracle: one directory over all
// lives. Knows no process. One thread.
class History {
 public:
  explicit History(std::string copies_folder) : copies_folder_(std::move(copies_folder)) {}

  // The command that carries out an operation, which is issued by this.
  Json Issue(const artifacts::Operation& operation);
  // Its answer. `fault_struck`: a failpoint has made a call of this process fail.
  oracle::Judgement Answer(const Json& answer, bool fault_struck);
  // Whether it is one of an operation that has none yet.
  bool Awaits(const Json& answer) const;
  // What the worker said of an event of the database.
  oracle::Judgement Event(const Json& event, bool fault_struck);
  // An open has succeeded; and its whole state, as "scan" answers.
  void Opened() { crash_.Opened(); }
  oracle::Judgement Recovered(const Json& state);
  // What was under way stays unknown.
  void Ended(oracle::LifeEnd end);

  // What copies there are of former lives, to be looked at.
  const std::vector<Copy>& copies() const { return copies_; }
  // The whole state of one as "inspect" answers, or the error with which it was refused.
  static oracle::Judgement CheckCopy(const Copy& copy, const Json& answer);
  // It has been looked at, and all is well. A checkpoint is removed, or where it is none its place
  // is the next one's; a backup is that one from now on.
  void Seen(const Copy& copy, const Json& answer);

  std::uint64_t acknowledged() const { return acknowledged_; }

 private:
  struct Asked {
    artifacts::Operation operation;
    Action action;
    oracle::Model::ReadMark mark;
    std::uint64_t durable_mark = 0;
    std::size_t copy = 0;  // index of new_copies_
  };

  oracle::Judgement AnswerOf(const Asked& asked, const Json& answer);
  oracle::Judgement Failed(const Asked& asked, const Json& answer, bool fault_struck);
  oracle::Judgement Copied(const Asked& asked, const Json& answer);
  Copy& BackupPlace();
  std::string CheckpointPlace(std::uint64_t id);

  const std::string copies_folder_;
  oracle::Model model_;
  oracle::CrashOracle crash_{model_};
  std::map<std::uint64_t, Asked> asked_;  // by id, unanswered
  std::vector<Copy> new_copies_;          // of this life
  std::vector<Copy> copies_;
  std::vector<std::string> unfinished_;  // directories of checkpoints
  bool poisoned_ = false;                // the handle of this life
  std::uint64_t acknowledged_ = 0;
};

}  // namespace beach::crash
