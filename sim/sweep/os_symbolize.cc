// SPDX-License-Identifier: Apache-2.0
#include "sim/sweep/os_symbolize.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <charconv>
#include <climits>
#include <string>
#include <utility>

namespace beach::sim::sweep {
namespace {

constexpr std::size_t kAddressesAtOnce = 256;  // arguments of one addr2line

struct MainModule {
  std::uint64_t offset = 0;  // added to every address when the program was loaded
  std::uint64_t begin = 0;
  std::uint64_t end = 0;
};

// The program itself comes first.
int VisitModule(dl_phdr_info* module, std::size_t, void* argument) {
  auto& found = *static_cast<MainModule*>(argument);
  found.offset = module->dlpi_addr;
  found.begin = ~std::uint64_t{0};
  for (int i = 0; i < module->dlpi_phnum; ++i) {
    const auto& segment = module->dlpi_phdr[i];
    if (segment.p_type != PT_LOAD) continue;
    const std::uint64_t begin = module->dlpi_addr + segment.p_vaddr;
    found.begin = std::min(found.begin, begin);
    found.end = std::max(found.end, begin + segment.p_memsz);
  }
  return 1;
}

std::string ProgramPath() {
  std::array<char, PATH_MAX> path;
  const ssize_t length = ::readlink("/proc/self/exe", path.data(), path.size());
  return length <= 0 ? std::string() : std::string(path.data(), static_cast<std::size_t>(length));
}

// The standard output of a program, or nothing.
std::string OutputOf(const std::vector<std::string>& command) {
  int pipe[2] = {-1, -1};
  if (::pipe2(pipe, O_CLOEXEC) != 0) return {};
  posix_spawn_file_actions_t actions;
  ::posix_spawn_file_actions_init(&actions);
  ::posix_spawn_file_actions_adddup2(&actions, pipe[1], STDOUT_FILENO);
  ::posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, "/dev/null", O_WRONLY, 0);
  std::vector<char*> arguments;
  for (const std::string& word : command) arguments.push_back(const_cast<char*>(word.c_str()));
  arguments.push_back(nullptr);
  pid_t process = -1;
  const int failure =
      ::posix_spawnp(&process, arguments[0], &actions, nullptr, arguments.data(), environ);
  ::posix_spawn_file_actions_destroy(&actions);
  ::close(pipe[1]);
  std::string output;
  std::array<char, 16 * 1024> buffer;
  while (failure == 0) {
    const ssize_t got = ::read(pipe[0], buffer.data(), buffer.size());
    if (got < 0 && errno == EINTR) continue;
    if (got <= 0) break;
    output.append(buffer.data(), static_cast<std::size_t>(got));
  }
  ::close(pipe[0]);
  int status = 0;
  if (failure == 0) {
    while (::waitpid(process, &status, 0) < 0 && errno == EINTR) {
    }
  }
  return output;
}

std::string Hexadecimal(std::uint64_t value) {
  std::array<char, 18> digits;
  const auto [end, error] = std::to_chars(digits.data(), digits.data() + digits.size(), value, 16);
  return "0x" + std::string(digits.data(), end);
}

// The name of a function in a shared library, as far as its dynamic symbols tell.
Frame LibraryFrame(std::uint64_t address) {
  Frame frame;
  Dl_info information = {};
  // NOLINTNEXTLINE(performance-no-int-to-ptr): an address of code, not read through.
  if (::dladdr(reinterpret_cast<void*>(address), &information) != 0) {
    if (information.dli_sname != nullptr) frame.function = information.dli_sname;
    if (information.dli_fname != nullptr) frame.place = information.dli_fname;
  }
  return frame;
}

std::vector<std::string> Lines(const std::string& text) {
  std::vector<std::string> lines;
  std::size_t at = 0;
  while (at < text.size()) {
    const std::size_t end = std::min(text.find('\n', at), text.size());
    lines.push_back(text.substr(at, end - at));
    at = end + 1;
  }
  return lines;
}

}  // namespace

std::uint64_t LoadOffset() {
  MainModule module;
  ::dl_iterate_phdr(VisitModule, &module);
  return module.offset;
}

// addr2line -a prints the address, and then a line with the function and a line with the place for
// it and for each function it is inlined into.
void OsSymbolizer::LookUp(const std::vector<std::uint64_t>& addresses) {
  MainModule module;
  ::dl_iterate_phdr(VisitModule, &module);
  std::vector<std::string> command = {"addr2line", "-a", "-f", "-C", "-i", "-e", ProgramPath()};
  std::vector<std::uint64_t> asked;
  for (const std::uint64_t address : addresses) {
    if (known_.contains(address)) continue;
    known_[address] = {Frame{}};
    if (address < module.begin || address >= module.end) {
      known_[address] = {LibraryFrame(address)};
    } else if (asked.size() < kAddressesAtOnce) {
      asked.push_back(address);
      command.push_back(Hexadecimal(address - module.offset));
    }
  }
  if (asked.empty()) return;
  const std::vector<std::string> lines = Lines(OutputOf(command));
  std::size_t index = 0;
  Stack* frames = nullptr;
  for (std::size_t i = 0; i + 1 < lines.size();) {
    if (lines[i].starts_with("0x")) {
      if (index == asked.size()) return;
      frames = &known_[asked[index++]];
      frames->clear();
      ++i;
      continue;
    }
    if (frames == nullptr) return;
    std::string place = lines[i + 1].substr(0, lines[i + 1].find(" (discriminator"));
    while (place.starts_with("./")) place.erase(0, 2);  // to where sources are relative
    frames->push_back(Frame{lines[i], std::move(place)});
    i += 2;
  }
}

std::vector<Stack> OsSymbolizer::Symbolize(const std::vector<std::vector<std::uint64_t>>& stacks) {
  for (const auto& stack : stacks) LookUp(stack);
  std::vector<Stack> result;
  for (const auto& stack : stacks) {
    Stack& frames = result.emplace_back();
    for (const std::uint64_t address : stack) {
      const Stack& found = known_[address];
      frames.insert(frames.end(), found.begin(), found.end());
    }
  }
  return result;
}

}  // namespace beach::sim::sweep
