// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/death.h"

#include <signal.h>

#include <algorithm>
#include <string_view>

#include "base/bytes.h"

namespace beach::sim::sweep {
namespace {

constexpr std::size_t kSignatureFrames = 3;
// What stands outside or around every run, whatever is tested in it.
constexpr std::string_view kHarness[] = {
    "beach::internal::",          "beach::sim::sweep::",
    "beach::sim::cli::",          "beach::sim::RunScenario",
    "beach::sim::Kernel::Run",    "beach::sim::Fiber",
    "beach::sim::Scheduler::Run", "beach::sim::Scheduler::EnterThread"};
// What is nobody's own: libraries in headers or linked in, and, with an underscore, the language's.
constexpr std::string_view kForeign[] = {
    "_",    "std::",     "boost::",       "fmt::",         "nlohmann::",     "CLI::", "testing::",
    "rc::", "operator ", "make_fcontext", "jump_fcontext", "ontop_fcontext", "??"};
constexpr std::size_t kStackFramesMax = 100;
constexpr std::size_t kMessageLengthMax = 600;

void EraseAll(std::string& text, std::string_view what) {
  for (std::size_t at = text.find(what); at != std::string::npos; at = text.find(what, at)) {
    text.erase(at, what.size());
  }
}

// " [clone .constprop.0]", " [clone .isra.0] [clone .cold]": what a compiler made of the function.
void EraseCloneSuffixes(std::string& name) {
  constexpr std::string_view kHead = " [clone ";
  for (std::size_t at = name.find(kHead); at != std::string::npos; at = name.find(kHead, at)) {
    const std::size_t end = name.find(']', at);
    name.erase(at, end == std::string::npos ? std::string::npos : end + 1 - at);
  }
}

std::string_view LineWith(std::string_view text, std::string_view what) {
  const std::size_t at = text.find(what);
  if (at == std::string_view::npos) return {};
  const std::size_t before = text.rfind('\n', at);
  const std::size_t begin = before == std::string_view::npos ? 0 : before + 1;
  return text.substr(begin, text.find('\n', at) - begin);
}

std::string_view LastLine(std::string_view text) {
  while (!text.empty() && text.back() == '\n') text.remove_suffix(1);
  const std::size_t before = text.rfind('\n');
  return before == std::string_view::npos ? text : text.substr(before + 1);
}

// "heap-use-after-free" of an AddressSanitizer report, or empty.
std::string SanitizerKind(std::string_view text) {
  constexpr std::string_view kHead = "ERROR: AddressSanitizer: ";
  const std::size_t at = text.find(kHead);
  if (at == std::string_view::npos) return {};
  const std::string_view rest = text.substr(at + kHead.size());
  return std::string(rest.substr(0, rest.find_first_of(" \n:")));
}

std::string Kind(const Remains& remains) {
  if (remains.hang) return "hang";
  if (const std::string kind = SanitizerKind(remains.error_text); !kind.empty()) {
    return "asan: " + kind;
  }
  if (!LineWith(remains.error_text, ": runtime error: ").empty()) return "ubsan";
  switch (remains.signal) {
    case 0: return "exit: status " + std::to_string(remains.exit_status);
    case SIGABRT: return "abort";
    case SIGSEGV: return "segfault";
    case SIGBUS: return "bus error";
    case SIGFPE: return "arithmetic fault";
    case SIGILL: return "illegal instruction";
    case SIGKILL: return "killed";
    default: return "signal " + std::to_string(remains.signal);
  }
}

// "beach::engine::Table<int>::Get" of "void beach::engine::(anonymous
// namespace)::Table<int>::Get(Key) const [clone .cold]": the function's own name, whose namespace
// is not merely that of an argument.
std::string QualifiedName(const Frame& frame) {
  std::string name = frame.function;
  EraseCloneSuffixes(name);
  EraseAll(name, "(anonymous namespace)::");
  const std::string_view head = std::string_view(name).substr(0, name.find('('));
  if (head.starts_with("operator ")) return std::string(head);
  const std::size_t space = head.substr(0, head.find('<')).rfind(' ');
  return std::string(head.substr(space == std::string_view::npos ? 0 : space + 1));
}

// Where a loop's samples fall inside the small helpers of base/ (types and functions right in our
// outermost namespace) is chance; so a hang is named without them.
bool IsHelper(const Frame& frame) {
  constexpr std::string_view kOutermost = "beach::";
  const std::string name = QualifiedName(frame);
  if (!name.starts_with(kOutermost) || name.size() == kOutermost.size()) return false;
  const char first = name[kOutermost.size()];
  return first >= 'A' && first <= 'Z';
}

std::vector<std::string> OwnNames(const Stack& stack, bool hang) {
  std::vector<std::string> names;
  for (const Frame& frame : stack) {
    if (!IsOwn(frame)) continue;
    std::string name = ShortName(frame.function);
    if (name.empty() || (hang && IsHelper(frame))) continue;
    names.push_back(std::move(name));
  }
  return names;
}

// A hang is sampled several times: where it hangs is the innermost part of what all samples share,
// counted from the outside. A sample that shares nothing (another thread's turn) is left out.
std::vector<std::string> SharedNames(const std::vector<Stack>& stacks, bool hang) {
  std::vector<std::string> shared;
  for (const Stack& stack : stacks) {
    const std::vector<std::string> names = OwnNames(stack, hang);
    if (shared.empty()) {
      shared = names;
      continue;
    }
    std::size_t common = 0;
    while (common < shared.size() && common < names.size() &&
           shared[shared.size() - 1 - common] == names[names.size() - 1 - common]) {
      ++common;
    }
    if (common > 0) {
      shared.erase(shared.begin(), shared.end() - static_cast<std::ptrdiff_t>(common));
    }
  }
  return shared;
}

std::string Message(const Remains& remains) {
  const std::string_view text = remains.error_text;
  for (const std::string_view mark :
       {": check failed: ", "ERROR: AddressSanitizer: ", ": runtime error: ", "what(): "}) {
    const std::string_view line = LineWith(text, mark);
    if (!line.empty()) return Printable(line, kMessageLengthMax);
  }
  if (remains.hang) return "the run did not end within its limit of processor time";
  if (remains.signal == SIGKILL) return "the worker was killed, perhaps for want of memory";
  const std::string_view line = LastLine(text);
  if (!line.empty()) return Printable(line, kMessageLengthMax);
  if (remains.signal != 0) return "the worker died of signal " + std::to_string(remains.signal);
  return "the worker exited in the middle of a run";
}

}  // namespace

std::string ShortName(const std::string& function) {
  std::string name = function;
  EraseCloneSuffixes(name);
  EraseAll(name, "(anonymous namespace)::");
  EraseAll(name, "[abi:cxx11]");
  // operator(), operator< and so on would end the name too early.
  std::string_view operator_name;
  if (const std::size_t at = name.find("operator()"); at != std::string::npos) {
    operator_name = "operator()";
    name.erase(at);
  } else if (const std::size_t plain = name.find("::operator"); plain != std::string::npos) {
    operator_name = "operator";
    name.erase(plain + 2);
  }
  // Drops every bracketed part; what follows arguments (const, more scopes of a lambda) ends it,
  // unless a scope goes on.
  std::string flat;
  int depth = 0;
  for (const char c : name) {
    if (c == '<' || c == '(' || c == '{') ++depth;
    if (depth == 0) flat.push_back(c);
    if ((c == '>' || c == ')' || c == '}') && depth > 0) --depth;
  }
  EraseAll(flat, " const");
  while (!flat.empty() && (flat.back() == ' ' || flat.back() == ':') && operator_name.empty()) {
    flat.pop_back();
  }
  if (const std::size_t space = flat.rfind(' '); space != std::string::npos) {
    flat.erase(0, space + 1);
  }
  flat += operator_name;
  for (std::size_t at = flat.find("::::"); at != std::string::npos; at = flat.find("::::")) {
    flat.erase(at, 2);
  }
  if (flat.starts_with("beach::")) flat.erase(0, 7);
  return flat;
}

bool IsOwn(const Frame& frame) {
  const std::string name = QualifiedName(frame);
  const auto begins = [&name](std::string_view head) { return name.starts_with(head); };
  if (name.starts_with("beach::")) return std::ranges::none_of(kHarness, begins);
  // Of a source that was compiled with lines: not of a shared library, nor of one linked in.
  if (frame.place.find(':') == std::string::npos || frame.place.starts_with("??")) return false;
  return !name.empty() && name != "main" && std::ranges::none_of(kForeign, begins);
}

bool SameSignature(const std::string& a, const std::string& b) {
  const auto hangs = [](const std::string& text) {
    return text == "hang" || text.starts_with("hang: ");
  };
  return a == b || (hangs(a) && hangs(b));
}

Finding Describe(const Remains& remains) {
  Finding finding;
  std::string& signature = finding.verdict.signature;
  signature = Kind(remains);
  std::vector<std::string> names = SharedNames(remains.stacks, remains.hang);
  // Inlining and recursion differ between builds; one name stands for a run of the same.
  names.erase(std::unique(names.begin(), names.end()), names.end());
  if (names.size() > kSignatureFrames) names.resize(kSignatureFrames);
  for (std::size_t i = 0; i < names.size(); ++i) signature += (i == 0 ? ": " : " < ") + names[i];
  finding.verdict.message = Message(remains);

  if (remains.stacks.empty()) return finding;
  const Stack& stack = remains.stacks.front();
  for (std::size_t i = 0; i < std::min(stack.size(), kStackFramesMax); ++i) {
    finding.stack +=
        "#" + std::to_string(i) + " " + stack[i].function + " at " + stack[i].place + "\n";
  }
  return finding;
}

}  // namespace beach::sim::sweep
