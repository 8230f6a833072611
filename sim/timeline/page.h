// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>

#include "artifacts/artifact.h"
#include "sim/run.h"
#include "sim/timeline/seen.h"

namespace beach::sim::timeline {

// What a page tells besides what was seen. Borrowed.
struct Subject {
  std::string program;   // whose commands it names
  std::string artifact;  // the file, as it was given
  const artifacts::Artifact* recorded = nullptr;
  const RunReport* report = nullptr;  // of the run that was seen
  bool died = false;                  // its process aborted, crashed or hung; then:
  std::string stack;                  // one frame a line, as far as it is known
  std::string error_text;             // the end of what it wrote to stderr
};

// One HTML page that needs nothing but itself: no server, no network. Whatever bytes names, keys
// and messages are made of, they are shown and do nothing.
std::string MakePage(const Subject& subject, const Seen& seen);

// The data of the page alone: JSON in ASCII, without any "<". Its fields: docs in page_data.cc.
std::string PageData(const Subject& subject, const Seen& seen);

}  // namespace beach::sim::timeline
