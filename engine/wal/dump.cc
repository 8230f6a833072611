// SPDX-License-Identifier: Apache-2.0
#include "engine/wal/dump.h"

#include <fmt/format.h>

#include "engine/wal/segment_reader.h"

namespace beach::engine::wal {

namespace {

const char* KindName(ItemKind kind) {
  switch (kind) {
    case ItemKind::kFlight: return "flight";
    case ItemKind::kRunRecord: return "run record";
    case ItemKind::kVouch: return "vouch";
  }
  return "unknown";
}

std::string PositionText(LogPosition position) {
  return fmt::format("{}:{}", position.segment.value, position.offset);
}

class Dumper {
 public:
  Dumper(SegmentReader& reader, const DumpSink& sink, const DumpPayload& payload)
      : reader_(reader), sink_(sink), payload_(payload), limit_(reader.file_size_bytes()) {}

  Result<SegmentDump> Run() {
    PrintHeader();
    BEACH_TRY_ASSIGN(const SegmentScan scan, SegmentScan::Of(reader_, limit_));
    BEACH_TRY_ASSIGN(out_.end, PrintChain(kSegmentHeaderSize));
    BEACH_TRY(PrintState(scan));
    std::uint64_t next = scan.FirstFrom(BlockUp(out_.end));
    while (next < limit_) {
      sink_(fmt::format("offset {}: sound again, does not follow the above", next));
      ItemHeader header;
      BEACH_TRY_ASSIGN(const bool found, reader_.ItemAt(next, limit_, header));
      if (!found) break;  // the file changed meanwhile
      BEACH_TRY(PrintItem(header));
      BEACH_TRY_ASSIGN(const std::uint64_t end, PrintChain(header.end()));
      next = scan.FirstFrom(BlockUp(end));
    }
    return out_;
  }

 private:
  void PrintHeader() {
    const SegmentBlock& block = reader_.block();
    sink_(fmt::format("segment {}: epoch {}, {} bytes, follows {}, header checksum ok",
                      block.ordinal.value, block.epoch.value, block.file_size_bytes,
                      PositionText(block.predecessor_end)));
    if (block.former != SegmentOrdinal{}) {
      sink_(fmt::format("the file was segment {} before", block.former.value));
    }
    if (block.salt != LogSalt{}) sink_("its items have a salt");
    if (limit_ < block.file_size_bytes) {
      sink_(fmt::format("the file is short: {} bytes", limit_));
    }
  }

  Status PrintItem(const ItemHeader& header) {
    sink_(
        fmt::format("offset {}: {}, {} bytes, {} operations from sequence {}, durable {}, "
                    "checksum {:08x} ok",
                    header.begin.offset, KindName(header.kind), header.payload_length, header.count,
                    header.first_sequence.value, PositionText(header.durable), header.crc));
    ++out_.items;
    if (!payload_ || header.kind == ItemKind::kVouch) return {};
    BEACH_TRY_ASSIGN(const ByteView payload, reader_.Payload(header));
    const LogPosition end{header.begin.segment, header.end()};
    payload_({header.begin, end, header.first_sequence, header.count, payload}, sink_);
    return {};
  }

  // Returns where the items that follow each other from `end` on end.
  Result<std::uint64_t> PrintChain(std::uint64_t end) {
    ItemHeader header;
    for (;;) {
      BEACH_TRY_ASSIGN(const bool found, reader_.NextItem(end, limit_, header));
      if (!found) return end;
      BEACH_TRY(PrintItem(header));
      end = header.end();
    }
  }

  Status PrintState(const SegmentScan& scan) {
    const LogPosition end{reader_.block().ordinal, out_.end};
    if (scan.durable() > end) {
      out_.state = SegmentState::kDamaged;
      sink_(fmt::format("offset {}: DAMAGE: no sound item, but all below {} was durable", out_.end,
                        PositionText(scan.durable())));
      return {};
    }
    BEACH_TRY_ASSIGN(const bool here_blank, reader_.Blank(out_.end, kItemHeaderSize));
    BEACH_TRY_ASSIGN(const bool next_blank, reader_.Blank(BlockUp(out_.end), kItemHeaderSize));
    const std::uint64_t beyond = scan.BytesFrom(out_.end);
    if (here_blank && next_blank && beyond == 0) {
      sink_(fmt::format("offset {}: end", out_.end));
      return {};
    }
    out_.state = SegmentState::kTornTail;
    sink_(
        fmt::format("offset {}: end; torn tail behind it, {} bytes of it sound", out_.end, beyond));
    return {};
  }

  SegmentReader& reader_;
  const DumpSink& sink_;
  const DumpPayload& payload_;
  std::uint64_t limit_;
  SegmentDump out_;
};

}  // namespace

Result<SegmentDump> DumpSegment(env::FileSystem& files, const std::string& path,
                                const DumpSink& sink, const DumpPayload& payload) {
  // Nobody says that this file exists, so its absence is no damage.
  BEACH_TRY_ASSIGN(const bool exists, files.Exists(path));
  if (!exists) return Fail(Error(ErrorCode::kNotFound, "no such file").At(path));
  auto reader = SegmentReader::Open(files, path);
  if (reader) return Dumper(*reader, sink, payload).Run();
  const Error& error = reader.error();
  if (error.code() != ErrorCode::kCorruption || error.offset() != 0) return Fail(error);
  sink(fmt::format("offset 0: DAMAGE: {}", error.message()));
  return SegmentDump{SegmentState::kDamaged, 0, 0};
}

}  // namespace beach::engine::wal
