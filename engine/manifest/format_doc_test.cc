// SPDX-License-Identifier: Apache-2.0
// Holds docs/formats/manifest.md to the code: sizes, offsets, tags and the worked example.
#include <gtest/gtest.h>

#include <fstream>
#include <sstream>
#include <string>

#include "engine/manifest/edit.h"
#include "engine/manifest/identity.h"
#include "engine/manifest/manifest.h"
#include "engine/manifest/manifest_file.h"

namespace beach::engine {
namespace {

std::string Document() {
  std::ifstream file(std::string(BEACH_SOURCE_DIR) + "/docs/formats/manifest.md");
  std::ostringstream text;
  text << file.rdbuf();
  return text.str();
}

void ExpectHas(const std::string& text) {
  EXPECT_NE(Document().find(text), std::string::npos) << text;
}

TEST(ManifestDocumentTest, SizesAreThoseOfTheCode) {
  ExpectHas("## IDENTITY: " + std::to_string(kIdentitySize) + " bytes");
  ExpectHas("## Manifest header: " + std::to_string(kManifestHeaderSize) + " bytes");
  ExpectHas("| " + std::to_string(kManifestRecordHeaderSize) + " | length | payload");
  ExpectHas("1 to " + std::to_string(kManifestRecordSizeMax / kMiB) + " MiB");
  ExpectHas("unknown tag below " + std::to_string(kFirstSkippableTag));
}

TEST(ManifestDocumentTest, TagsAreThoseOfTheCode) {
  const std::pair<ManifestTag, const char*> tags[] = {
      {ManifestTag::kDatabase, "kDatabase"},
      {ManifestTag::kEpoch, "kEpoch"},
      {ManifestTag::kNextFile, "kNextFile"},
      {ManifestTag::kLastSequence, "kLastSequence"},
      {ManifestTag::kReplayFrom, "kReplayFrom"},
      {ManifestTag::kDurable, "kDurable"},
      {ManifestTag::kAddTable, "kAddTable"},
      {ManifestTag::kRemoveTable, "kRemoveTable"},
      {ManifestTag::kAddSegment, "kAddSegment"},
      {ManifestTag::kSealSegment, "kSealSegment"},
      {ManifestTag::kRemoveSegment, "kRemoveSegment"},
      {ManifestTag::kAddTableBelow, "kAddTableBelow"},
      {ManifestTag::kAddTableOf, "kAddTableOf"},
      {ManifestTag::kTime, "kTime"},
      {ManifestTag::kLogMark, "kLogMark"},
      {ManifestTag::kAddTableFrom, "kAddTableFrom"},
  };
  for (const auto& [tag, name] : tags) {
    ExpectHas("| " + std::to_string(static_cast<int>(tag)) + " | " + name + " |");
  }
}

TEST(ManifestDocumentTest, TheExampleIsWhatTheCodeWrites) {
  ManifestEdit edit;
  edit.epoch = OpenEpoch(2);
  edit.segments_sealed = {{SegmentOrdinal(1), 8192}};
  EXPECT_EQ(EncodeManifestEdit(edit), Bytes("\x01\x02\x01\x02\x0a\x03\x01\x80\x40", 9));
  ExpectHas("02 01 02 ");
  ExpectHas("0a 03 01 80 40 ");
}

}  // namespace
}  // namespace beach::engine
