// SPDX-License-Identifier: Apache-2.0
// The footer of a table: there is one encoding of each, and a version is believed only under the
// checksum.
#include "base/check.h"
#include "base/coding.h"
#include "base/crc32c.h"
#include "engine/sst/table_frame.h"
#include "engine/testing/memory_files.h"
#include "fuzz/targets/targets.h"

namespace beach::fuzz {
namespace {

using namespace engine::sst;  // NOLINT(google-build-using-namespace): the whole file is about it

constexpr char kPath[] = "000001.sst";

void Seal(Bytes& input) {
  if (input.size() < kFooterSize) return;
  char* const footer = input.data() + input.size() - kFooterSize;
  StoreFixed(footer + kFooterCrcOffset, Crc32c(ByteView(footer, kFooterCrcOffset)));
}

void Run(ByteView input) {
  engine::testing::MemoryFiles files;
  files.SetContent(kPath, Bytes(input));
  const auto file = files.Open(kPath, {});
  BEACH_CHECK(file.has_value());
  const auto footer = ReadFooter(**file, input.size());
  if (!footer) {
    const ErrorCode code = footer.error().code();
    BEACH_CHECK(code == ErrorCode::kCorruption || code == ErrorCode::kRefused);
    BEACH_CHECK(footer.error().path() == kPath);
    return;
  }
  BEACH_CHECK_GE(input.size(), kFooterSize);
  BEACH_CHECK(EncodeFooter(*footer) == input.substr(input.size() - kFooterSize));
  // Whatever the handles say, nothing is read beyond the file.
  const std::uint64_t blocks_end = input.size() - kFooterSize;
  const auto properties = ReadProperties(**file, *footer, blocks_end);
  const auto filter = ReadFilter(**file, *footer, blocks_end);
  const auto ranges = ReadRangeDeletes(**file, *footer, blocks_end);
  const auto data_end = CheckLayout(*footer, blocks_end, kPath);
  if (data_end) BEACH_CHECK_LE(*data_end, blocks_end);
  const auto index = ReadIndex(**file, *footer, blocks_end, data_end.value_or(0));
  if (blocks_end == 0) {
    BEACH_CHECK(!properties.has_value());
    BEACH_CHECK(!index.has_value());
  }
}

}  // namespace

const Target sst_footer_target = {.name = "sst_footer", .run = Run, .seal = Seal, .size_max = 256};

}  // namespace beach::fuzz
