// SPDX-License-Identifier: Apache-2.0
#include "engine/sst/dump.h"

#include <utility>

#include "base/bytes.h"
#include "engine/expiry.h"
#include "engine/internal_key.h"
#include "engine/sst/block.h"
#include "engine/sst/block_io.h"
#include "engine/sst/compression.h"
#include "engine/sst/table_frame.h"
#include "engine/tables/stored_key.h"

namespace beach::engine::sst {
namespace {

std::string Hex(std::uint64_t value) {
  static constexpr char kDigits[] = "0123456789abcdef";
  std::string text;
  for (int shift = 60; shift >= 0; shift -= 4) text.push_back(kDigits[(value >> shift) & 15]);
  return text;
}

std::string Place(const char* name, const BlockHandle& handle) {
  return std::string(name) + ": offset " + std::to_string(handle.offset) + ", " +
         std::to_string(handle.size) + " bytes";
}

// "\"key\" 17 put".
std::string KeyText(ByteView internal_key) {
  InternalKey key;
  if (!ParseInternalKey(internal_key, key)) return "\"" + Printable(internal_key) + "\" (no key)";
  const char* const kind = key.kind == ValueKind::kPut        ? " put"
                           : key.kind == ValueKind::kMerge    ? " merge"
                           : key.kind == ValueKind::kPutUntil ? " put until"
                                                              : " delete";
  return PrintableStoredKey(key.user_key) + " " + std::to_string(key.sequence.value) + kind;
}

// " = \"value\"", and of one that expires when it does, before that.
std::string ValueText(ByteView internal_key, ByteView value) {
  std::string text;
  InternalKey key;
  ExpiringValue expiring;
  if (ParseInternalKey(internal_key, key) && key.kind == ValueKind::kPutUntil &&
      ParseExpiring(value, expiring)) {
    text = " " + std::to_string(expiring.expires_at);
    value = expiring.value;
  }
  return text + " = \"" + Printable(value) + "\"";
}

class Dumper {
 public:
  Dumper(env::File& file, bool entries, const std::function<void(std::string_view)>& print)
      : file_(file), entries_(entries), print_(print) {}

  Status Run() {
    BEACH_TRY_ASSIGN(const std::uint64_t size, file_.Size());
    print_("table " + file_.path() + ": " + std::to_string(size) + " bytes");
    auto footer = ReadFooter(file_, size);
    if (!footer) {
      Note(footer.error());
      return std::move(first_damage_);
    }
    frame_.footer = *footer;
    frame_.blocks_end = size - kFooterSize;
    PrintFooter();
    PrintProperties();
    PrintFilter();
    PrintRangeDeletes();
    PrintBlocks();
    // All readable so far: let the whole be judged, order and counts included.
    if (first_damage_) {
      if (const Status verified = VerifyWhole(size); !verified) Note(verified.error());
    }
    print_(first_damage_ ? "sound" : "damaged");
    return std::move(first_damage_);
  }

 private:
  Status VerifyWhole(std::uint64_t size) {
    BEACH_TRY_ASSIGN(const TableFrame frame, ReadTableFrame(file_, size, frame_.footer.identity));
    return VerifyBlocks(file_, frame, decompressor_);
  }

  void PrintFooter() const {
    const Footer& footer = frame_.footer;
    print_("format: version " + std::to_string(kFormatVersion));
    print_("database: " + Hex(footer.identity.database.high) + Hex(footer.identity.database.low));
    print_("file number: " + std::to_string(footer.identity.file.value));
    if (footer.filter != BlockHandle()) print_(Place("filter", footer.filter));
    if (footer.range_deletes != BlockHandle()) {
      print_(Place("range deletes", footer.range_deletes));
    }
    print_(Place("properties", footer.properties));
    print_(Place("index", footer.index));
  }

  void PrintProperties() {
    auto read = ReadProperties(file_, frame_.footer, frame_.blocks_end);
    if (!read) return Note(read.error());
    frame_.properties = *std::move(read);
    const Properties& properties = frame_.properties;
    print_("entries: " + std::to_string(properties.entries) + ", " +
           std::to_string(properties.deletes) + " of them deletes");
    PrintExpiring(properties.expiring);
    print_("user keys: " + std::to_string(properties.user_keys));
    print_("range deletes: " + std::to_string(properties.range_deletes));
    print_("data blocks: " + std::to_string(properties.data_blocks) + ", " +
           std::to_string(properties.data_size) + " bytes of " +
           std::to_string(properties.raw_data_size) + ", compression " +
           CompressionName(properties.compression));
    print_("raw bytes: keys " + std::to_string(properties.raw_key_size) + ", values " +
           std::to_string(properties.raw_value_size));
    print_("smallest: " + KeyText(properties.smallest));
    print_("largest: " + KeyText(properties.largest));
    print_("sequence numbers: " + std::to_string(properties.sequence_min.value) + " to " +
           std::to_string(properties.sequence_max.value));
  }

  void PrintExpiring(const ExpiryProfile& expiring) {
    if (expiring.entries == 0) return;
    print_("expiring: " + std::to_string(expiring.entries) + ", from " +
           std::to_string(expiring.times.front()) + " on, half of them by " +
           std::to_string(expiring.times[kExpiryParts / 2]) + ", all by " +
           std::to_string(expiring.times.back()));
  }

  void PrintFilter() {
    auto read = ReadFilter(file_, frame_.footer, frame_.blocks_end);
    if (!read) return Note(read.error());
    if (!*read) return print_("filter: none");
    print_("filter: " + std::to_string((*read)->lines()) + " lines, " +
           std::to_string((*read)->probes()) + " probes, " +
           std::to_string(frame_.properties.filter_bits_per_key) + " bits per key");
  }

  void PrintRangeDeletes() {
    auto read = ReadRangeDeletes(file_, frame_.footer, frame_.blocks_end);
    if (!read) return Note(read.error());
    if (!entries_) return;
    for (const RangeDelete& range : *read) {
      print_("range delete: " + PrintableStoredKey(range.begin) + " to " +
             PrintableStoredKey(range.end) + " " + std::to_string(range.sequence.value));
    }
  }

  void PrintBlocks() {
    const auto data_end = CheckLayout(frame_.footer, frame_.blocks_end, file_.path());
    if (!data_end) return Note(data_end.error());
    frame_.data_end = *data_end;
    auto read = ReadIndex(file_, frame_.footer, frame_.blocks_end, frame_.data_end);
    if (!read) return Note(read.error());
    frame_.index = *std::move(read);
    for (std::size_t block = 0; block < frame_.index.count(); ++block) PrintBlock(block);
  }

  void PrintBlock(std::size_t number) {
    const std::string name = "block " + std::to_string(number);
    const BlockHandle handle = frame_.index.handle(number);
    auto content = ReadBlock(file_, frame_.footer.identity, handle, frame_.data_end, decompressor_);
    const std::string place =
        Place(name.c_str(), handle) + ", to " + KeyText(frame_.index.last_key(number));
    if (!content) {
      print_(place + ", unreadable");
      return Note(content.error());
    }
    std::string raw;
    if (content->size() != handle.size) {
      raw = ", " + std::to_string(content->size()) + " decompressed";
    }
    print_(place + ", checksum ok" + raw);
    auto block = Block::Parse(*std::move(content), file_.path(), handle.offset);
    if (!block) return Note(block.error());
    const auto entry = (*block)->NewIterator();
    for (entry->SeekToFirst(); entry->Valid(); entry->Next()) {
      if (!entries_) continue;
      print_("  " + KeyText(entry->key()) + ValueText(entry->key(), entry->value()));
    }
    if (const Status walked = entry->status(); !walked) Note(walked.error());
  }

  void Note(const Error& error) {
    print_(error.ToString());
    if (first_damage_) first_damage_ = Fail(error);
  }

  env::File& file_;
  const bool entries_;
  const std::function<void(std::string_view)>& print_;
  TableFrame frame_;
  Decompressor decompressor_;
  Status first_damage_;
};

}  // namespace

Status DumpTable(env::FileSystem& files, const std::string& path, bool entries,
                 const std::function<void(std::string_view)>& print) {
  BEACH_TRY_ASSIGN(const auto file,
                   files.Open(path, {.mode = env::OpenMode::kRead, .direct = false}));
  return Dumper(*file, entries, print).Run();
}

}  // namespace beach::engine::sst
