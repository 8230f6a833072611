// SPDX-License-Identifier: Apache-2.0
#include "fuzz/seeds.h"
#include "sim/disk/image.h"

namespace beach::fuzz {

void AddImageSeeds(Seeds& seeds) {
  using Kind = sim::DiskImage::Kind;
  seeds.push_back({"disk_image", "empty", sim::EncodeImage({})});
  const sim::DiskImage image = {
      .entries = {{.path = "a", .kind = Kind::kFile},
                  {.path = "db", .kind = Kind::kDirectory},
                  {.path = "db/b",
                   .kind = Kind::kFile,
                   .size_bytes = 4000,
                   .runs = {{.offset = 512, .bytes = "sand"}, {.offset = 1024, .bytes = "sea"}}},
                  {.path = "db/c", .kind = Kind::kLink, .target = "db/b"},
                  {.path = "db/d", .kind = Kind::kDirectory}}};
  seeds.push_back({"disk_image", "all", sim::EncodeImage(image)});
}

}  // namespace beach::fuzz
