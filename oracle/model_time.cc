// SPDX-License-Identifier: Apache-2.0
// What the time does to a model.
#include <utility>

#include "oracle/model.h"

namespace beach::oracle {

// Every key is looked at: none is written as often as time passes.
void Model::AdvanceTime(std::uint64_t time, Place& place) {
  if (time <= place.time) return;
  place.time = time;
  for (auto& [key, versions] : versions_) {
    if (versions.empty() || !versions.back().expires_at) continue;
    if (time >= *versions.back().expires_at) {
      SetValue(key, {.value = versions.back().after}, place);
    }
  }
}

// An operand applies to what is there and, for when that has expired, to nothing.
Model::Version Model::Merge(const Version& there, const ModelOperation& operation) {
  Version merged = there;
  merged.value = Merged(*operation.merge, there.value, *operation.value);
  if (there.expires_at) merged.after = Merged(*operation.merge, there.after, *operation.value);
  return merged;
}

void Model::Adopt(const Model& kept, std::uint64_t last_sequence) {
  Rebase({}, last_sequence);
  Place& place = order_.front();
  place.state_hash = kept.order_.back().state_hash;
  place.time = kept.order_.back().time;
  for (const auto& [key, versions] : kept.versions_) {
    if (versions.empty() || !versions.back().value) continue;
    Version version = versions.back();
    version.prefix = 0;
    versions_[key].push_back(std::move(version));
  }
}

}  // namespace beach::oracle
