// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <string>
#include <vector>

#include "artifacts/artifact.h"

// From the remains of a worker to a finding: a signature that is equal for equal bugs, one
// sentence, and the stack. Pure; os_worker.h collects and os_symbolize.h names the frames.

namespace beach::sim::sweep {

struct Frame {
  std::string function = "??";  // demangled, with arguments
  std::string place = "??:0";   // file:line
};
using Stack = std::vector<Frame>;  // innermost first

struct Remains {
  int signal = 0;  // that killed it, or 0
  int exit_status = 0;
  bool hang = false;          // it was over its processor time, or silent for too long
  std::vector<Stack> stacks;  // one; several of a hang; none if it died without a word
  std::string error_text;
};

struct Finding {
  artifacts::Verdict verdict;
  std::string stack;  // one frame a line
};

// Whether two failures count as the same. Where a hang was seen to hang is a matter of chance.
bool SameSignature(const std::string& a, const std::string& b);

Finding Describe(const Remains& remains);

// "void beach::engine::(anonymous namespace)::Table<int>::Get(Key) const" -> "engine::Table::Get":
// no return type, no arguments, no template arguments, no values.
std::string ShortName(const std::string& function);

// Whether a frame is of the code under test or of what it stands on: of the program, in any
// namespace where it was compiled with -g, and neither of a library that is nobody's own, nor a
// failed check, nor the machinery that runs seeds.
bool IsOwn(const Frame& frame);

}  // namespace beach::sim::sweep
