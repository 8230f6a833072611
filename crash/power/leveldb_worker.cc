// SPDX-License-Identifier: Apache-2.0
//
// LevelDB as a program that loses power, for crash/power/foreign.py.
//
//   leveldb_worker write DIR synced|unsynced   commits transaction 1, 2, ... for ever, four rows
//   and
//                                              a counter each, and prints each acknowledgement
//   leveldb_worker check DIR                   prints what is there, as one JSON object
#include <fmt/format.h>
#include <leveldb/db.h>
#include <leveldb/write_batch.h>
#include <unistd.h>

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <string_view>

namespace {

constexpr int kRows = 4;
constexpr std::string_view kCounter = "counter";

std::string Key(std::uint64_t transaction, int row) {
  return fmt::format("{:08}/{}", transaction, row);
}

std::string Value(std::uint64_t transaction, int row) {
  const std::size_t length = (transaction * 7 + static_cast<std::uint64_t>(row)) * 131 % 900;
  return fmt::format("{}.{}.{}", transaction, row, std::string(length, 'x'));
}

std::unique_ptr<leveldb::DB> Open(const std::string& directory, std::string& error) {
  leveldb::Options options;
  options.create_if_missing = true;
  options.write_buffer_size = std::size_t{64} << 10;  // its least: logs are changed and removed
  leveldb::DB* db = nullptr;
  const leveldb::Status status = leveldb::DB::Open(options, directory, &db);
  if (!status.ok()) error = status.ToString();
  return std::unique_ptr<leveldb::DB>(db);
}

int WriteForever(const std::string& directory, bool synced) {
  std::string error;
  const auto db = Open(directory, error);
  for (std::uint64_t n = 1; db != nullptr; ++n) {
    leveldb::WriteBatch batch;
    for (int row = 0; row < kRows; ++row) batch.Put(Key(n, row), Value(n, row));
    batch.Put(std::string(kCounter), std::to_string(n));
    leveldb::WriteOptions options;
    options.sync = synced;
    const leveldb::Status status = db->Write(options, &batch);
    if (!status.ok()) error = status.ToString();
    if (!status.ok()) break;
    const std::string line = std::to_string(n) + "\n";
    if (::write(STDOUT_FILENO, line.data(), line.size()) < 0) return 3;
  }
  fmt::print(stderr, "leveldb_worker: {}\n", error);
  return 4;
}

// {"error": "", "rows": {"7": 4}, "counter": 7, "wrong": 0}
int Check(const std::string& directory) {
  std::string error;
  const auto db = Open(directory, error);
  std::map<std::uint64_t, int> rows;
  std::uint64_t counter = 0;
  std::uint64_t wrong = 0;
  if (db != nullptr) {
    leveldb::ReadOptions options;
    options.verify_checksums = true;
    const std::unique_ptr<leveldb::Iterator> at(db->NewIterator(options));
    for (at->SeekToFirst(); at->Valid(); at->Next()) {
      const std::string key = at->key().ToString();
      const std::string value = at->value().ToString();
      if (key == kCounter) {
        counter = std::stoull(value);
        continue;
      }
      const std::uint64_t transaction = std::stoull(key);
      const int row = key.back() - '0';
      if (key != Key(transaction, row) || value != Value(transaction, row)) ++wrong;
      ++rows[transaction];
    }
    if (!at->status().ok()) error = at->status().ToString();
  }
  std::string listed;
  for (const auto& [transaction, count] : rows) {
    listed += fmt::format("{}\"{}\": {}", listed.empty() ? "" : ", ", transaction, count);
  }
  for (char& c : error) {
    if (c == '"' || c == '\\' || c < ' ') c = '\'';
  }
  fmt::print("{{\"error\": \"{}\", \"rows\": {{{}}}, \"counter\": {}, \"wrong\": {}}}\n", error,
             listed, counter, wrong);
  return 0;
}

}  // namespace

int main(int argc, char** argv) {
  const std::string_view verb = argc > 2 ? argv[1] : "";
  if (verb == "write" && argc == 4) return WriteForever(argv[2], argv[3] == std::string("synced"));
  if (verb == "check" && argc == 3) return Check(argv[2]);
  fmt::print(stderr, "leveldb_worker write DIR synced|unsynced | check DIR\n");
  return 2;
}
