// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <cstdio>
#include <map>
#include <memory>
#include <mutex>
#include <string>
#include <vector>

#include "engine/db.h"
#include "env/events.h"
#include "env/os/os_env.h"

namespace beach::demo {

// Drives a database and writes down, a JSON object a line, each call, each event that the engine
// tells meanwhile, what new tables hold, and the result; README.md has the table of lines. Between
// two calls it waits until the background has nothing to do, so that a script gives the same lines
// each time, but for file numbers and sizes of the machine's.
//
// Its calls are of one thread. Whatever fails, or contradicts what has been written so far (a get
// that no version explains, levels that Db::Stats counts otherwise), ends the program, loudly.
class Recorder final : public env::EventSink {
 public:
  Recorder(std::string directory, engine::Options options, std::FILE* output);
  ~Recorder() override;

  // A heading: what the calls after it are to show.
  void Chapter(const char* title);

  void Open();
  void Put(const std::string& key);  // a value of its own each time
  void Delete(const std::string& key);
  void Get(const std::string& key, bool at_snapshot = false);
  void TakeSnapshot();
  void ReleaseSnapshot();
  void Flush();
  void Compact();
  void Close();

  using env::EventSink::Record;
  void Record(Site event, std::span<const env::EventField> fields) override;

 private:
  struct Version {
    std::uint64_t sequence = 0;
    bool deleted = false;
    std::string value;
  };
  struct Table {
    std::uint64_t level = 0;
    std::uint64_t size_bytes = 0;
    std::vector<std::pair<std::string, std::uint64_t>> entries;  // key and sequence number
  };

  void Line(const std::string& json);
  void Began(const std::string& call);
  void Ended(const std::string& call, const std::string& more = "");
  void Written(const std::string& key, bool deleted, std::string value);
  void TableAdded(std::uint64_t file, Table table);
  std::string AnswerOf(const std::string& key, std::uint64_t sequence, const Version* version);
  void Settle();
  void WriteStats();

  env::OsEnv os_;
  const std::string directory_;
  const engine::Options options_;
  std::FILE* const output_;
  std::unique_ptr<engine::Db> db_;
  std::unique_ptr<const engine::Snapshot> snapshot_;
  std::uint64_t calls_ = 0;
  std::map<std::string, std::vector<Version>> versions_;  // all there ever were, oldest first
  std::string stats_;                                     // as last written

  std::mutex mutex_;  // guards what follows, and the output
  std::map<std::uint64_t, Table> tables_;
  std::uint64_t events_ = 0;
  std::uint64_t sequence_ = 0;     // given last
  std::uint64_t unflushed_ = 0;    // memtables that are frozen and not yet in a table
  std::uint64_t frozen_last_ = 0;  // the greatest sequence number of a memtable that was frozen
};

}  // namespace beach::demo
