// SPDX-License-Identifier: Apache-2.0
#include "sim/disk/image.h"

#include <gtest/gtest.h>
#include <rapidcheck/gtest.h>

#include <fstream>
#include <map>
#include <sstream>
#include <string>

#include "base/coding.h"
#include "base/crc32c.h"
#include "sim/disk/disk_fixture.h"

namespace beach::sim {
namespace {

using Kind = DiskImage::Kind;

// A folder with a sparse file that has two names, beside an empty file.
void Fill(DiskFixture& f) {
  ASSERT_EQ(f.disk->CreateDirectory("db"), 0);
  const Descriptor file = f.Create("db/b");
  ASSERT_EQ(f.disk->WriteAt(file, 5000, "sand", false), 0);
  ASSERT_EQ(f.disk->Truncate(file, 1 << 20), 0);
  ASSERT_EQ(f.disk->Link("db/b", "db/c"), 0);
  f.disk->Close(f.Create("a"));
}

TEST(ImageTest, HasAllNamesAndNoZeros) {
  DiskFixture f;
  Fill(f);
  const DiskImage image = f.disk->Image();
  ASSERT_EQ(image.entries.size(), 4U);
  EXPECT_EQ(image.entries[0], (DiskImage::Entry{.path = "a", .kind = Kind::kFile}));
  EXPECT_EQ(image.entries[1], (DiskImage::Entry{.path = "db", .kind = Kind::kDirectory}));
  const DiskImage::Entry& file = image.entries[2];
  EXPECT_EQ(file.path, "db/b");
  EXPECT_EQ(file.size_bytes, 1U << 20);
  ASSERT_EQ(file.runs.size(), 1U);
  EXPECT_EQ(file.runs[0].offset, 9 * 512U);
  EXPECT_EQ(file.runs[0].bytes.size(), 512U);
  EXPECT_EQ(image.entries[3].kind, Kind::kLink);
  EXPECT_EQ(image.entries[3].target, "db/b");
  EXPECT_EQ(ContentOf(file), f.Content("db/b"));
}

TEST(ImageTest, WhatIsPutOnAnotherDiskIsTheSameAndDurable) {
  DiskFixture f;
  Fill(f);
  const DiskImage image = f.disk->Image();
  DiskFixture other(2);
  ASSERT_TRUE(PutImage(*other.disk, image));
  EXPECT_EQ(other.disk->Image(), image);
  EXPECT_EQ(other.disk->Digest(), f.disk->Digest());
  other.PowerLoss(1);  // keeps nothing that is not synced
  EXPECT_EQ(other.disk->Image(), image);
  // One file under two names.
  ASSERT_EQ(other.disk->WriteAt(other.Open("db/c"), 0, "x", false), 0);
  EXPECT_EQ(other.Content("db/b").substr(0, 1), "x");
}

TEST(ImageTest, TakingOneChangesNothing) {
  DiskFixture f;
  Fill(f);
  WriteTicket ticket;
  const Descriptor file = f.Open("db/b");
  ASSERT_EQ(f.disk->SubmitWrite(file, 0, Bytes(512, 'x'), false, ticket), 0);
  const DiskImage before = f.disk->Image();
  EXPECT_EQ(f.disk->WritesInFlight(), 1U);
  EXPECT_EQ(f.disk->Image(), before);  // what is in flight is not in it
  EXPECT_EQ(before.entries[2].runs.size(), 1U);
}

TEST(ImageTest, AFullDiskIsTold) {
  DiskFixture f;
  Fill(f);
  DiskOptions small;
  small.capacity_bytes = 512;
  DiskFixture other(2, small);
  ASSERT_EQ(other.disk->Append(other.Create("other"), "y"), 0);
  const Status put = PutImage(*other.disk, f.disk->Image());
  ASSERT_FALSE(put);
  EXPECT_EQ(put.error().code(), ErrorCode::kNoSpace);
}

TEST(ImageTest, RoundTripAndEveryChangedByteIsFound) {
  DiskFixture f;
  Fill(f);
  const DiskImage image = f.disk->Image();
  const Bytes bytes = EncodeImage(image);
  const auto decoded = DecodeImage(bytes);
  ASSERT_TRUE(decoded) << decoded.error().ToString();
  EXPECT_EQ(*decoded, image);
  for (std::size_t i = 0; i < bytes.size(); ++i) {
    Bytes changed = bytes;
    changed[i] = static_cast<char>(changed[i] ^ 1);
    EXPECT_FALSE(DecodeImage(changed)) << i;
    EXPECT_FALSE(DecodeImage(ByteView(bytes).substr(0, i))) << i;
  }
}

TEST(ImageTest, AnotherVersionIsRefused) {
  Bytes bytes = EncodeImage({});
  bytes[8] = 2;
  const auto decoded = DecodeImage(bytes);
  ASSERT_FALSE(decoded);
  EXPECT_EQ(decoded.error().code(), ErrorCode::kRefused);
}

ErrorCode CodeOf(std::vector<DiskImage::Entry> entries) {
  const auto decoded = DecodeImage(EncodeImage({.entries = std::move(entries)}));
  EXPECT_FALSE(decoded);
  return decoded ? ErrorCode::kAlreadyExists : decoded.error().code();
}

TEST(ImageTest, NoPathLeadsOutOfTheFolder) {
  for (const char* const path : {"", "/etc", "..", "a/../b", "a//b", "./a", "a/"}) {
    EXPECT_EQ(CodeOf({{.path = "a", .kind = Kind::kDirectory}, {.path = path}}),
              ErrorCode::kCorruption)
        << path;
  }
  EXPECT_EQ(CodeOf({{.path = std::string("a\0b", 3)}}), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf({{.path = "a/b"}}), ErrorCode::kCorruption);                 // no folder a
  EXPECT_EQ(CodeOf({{.path = "a"}, {.path = "a/b"}}), ErrorCode::kCorruption);  // a is none
  EXPECT_EQ(CodeOf({{.path = "b"}, {.path = "a"}}), ErrorCode::kCorruption);    // no order
  EXPECT_EQ(CodeOf({{.path = "a"}, {.path = "a"}}), ErrorCode::kCorruption);    // twice
  EXPECT_EQ(CodeOf({{.path = "a", .kind = Kind::kLink, .target = "/etc/passwd"}}),
            ErrorCode::kCorruption);
}

TEST(ImageTest, RunsLieWithinTheFileInTheirOrder) {
  const auto file = [](std::vector<DiskImage::Run> runs) {
    return DiskImage::Entry{.path = "a", .size_bytes = 10, .runs = std::move(runs)};
  };
  EXPECT_EQ(CodeOf({file({{.offset = 8, .bytes = "abc"}})}), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf({file({{.offset = 11, .bytes = ""}})}), ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf({file({{.offset = 4, .bytes = "a"}, {.offset = 2, .bytes = "b"}})}),
            ErrorCode::kCorruption);
  EXPECT_EQ(CodeOf({{.path = "a", .size_bytes = kImageFileSizeMax + 1}}), ErrorCode::kCorruption);
}

// The block that begins with "```hex" in the document: two digits a byte, then a remark after '#'.
Bytes ExampleOf(const std::string& path) {
  std::ifstream document(path);
  EXPECT_TRUE(document) << path;
  Bytes bytes;
  bool inside = false;
  for (std::string line; std::getline(document, line);) {
    if (line.starts_with("```")) inside = line == "```hex";
    std::istringstream words(line.substr(0, line.find('#')));
    for (std::string word; inside && words >> word && word.size() == 2;) {
      bytes.push_back(static_cast<char>(std::stoi(word, nullptr, 16)));
    }
  }
  return bytes;
}

TEST(ImageTest, TheDocumentsExampleIsTheEncoding) {
  Bytes content(600, '\0');
  content.replace(597, 3, "sea");
  const DiskImage image = {.entries = {{.path = "d", .kind = Kind::kDirectory},
                                       {.path = "d/f",
                                        .kind = Kind::kFile,
                                        .size_bytes = content.size(),
                                        .runs = RunsOf(content)}}};
  EXPECT_EQ(ExampleOf(BEACH_SOURCE_DIR "/docs/formats/image.md"), EncodeImage(image));
}

RC_GTEST_PROP(ImageProperty, ContentSurvivesItsRuns, ()) {
  const auto pieces = *rc::gen::container<std::map<std::uint16_t, std::string>>(
      rc::gen::inRange<std::uint16_t>(0, 5000), rc::gen::arbitrary<std::string>());
  Bytes content(*rc::gen::inRange<std::size_t>(0, 6000), '\0');
  for (const auto& [offset, bytes] : pieces) {
    if (offset + bytes.size() <= content.size()) content.replace(offset, bytes.size(), bytes);
  }
  const DiskImage::Entry file = {
      .path = "a", .size_bytes = content.size(), .runs = RunsOf(content)};
  RC_ASSERT(ContentOf(file) == content);
  const auto decoded = DecodeImage(EncodeImage({.entries = {file}}));
  RC_ASSERT(decoded.has_value());
  RC_ASSERT(decoded->entries[0] == file);
}

RC_GTEST_PROP(ImageProperty, GarbageIsATypedError, (const std::string& bytes)) {
  Bytes sealed = EncodeImage({}).substr(0, 9) + bytes;
  Encoder(sealed).Fixed32(Crc32c(sealed));
  const auto decoded = DecodeImage(sealed);
  if (!decoded) RC_ASSERT(decoded.error().code() == ErrorCode::kCorruption);
  if (decoded) RC_ASSERT(EncodeImage(*decoded) == sealed);
}

}  // namespace
}  // namespace beach::sim
