// SPDX-License-Identifier: Apache-2.0
#include "sim/build_id.h"

#include <elf.h>
#include <link.h>

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <string_view>

namespace beach::sim {
namespace {

constexpr std::size_t Aligned(std::size_t size) { return (size + 3) & ~std::size_t{3}; }

// Notes: a header, the owner's name, the content, each padded to 4 bytes.
std::string FindBuildId(std::string_view notes) {
  while (notes.size() >= sizeof(ElfW(Nhdr))) {
    ElfW(Nhdr) header;
    std::memcpy(&header, notes.data(), sizeof header);
    const std::size_t name_end = sizeof header + Aligned(header.n_namesz);
    const std::size_t end = name_end + Aligned(header.n_descsz);
    if (end > notes.size()) break;
    if (header.n_type == NT_GNU_BUILD_ID && notes.substr(sizeof header, 3) == "GNU") {
      std::string hex;
      for (const char c : notes.substr(name_end, header.n_descsz)) {
        constexpr std::string_view kDigits = "0123456789abcdef";
        hex += kDigits[static_cast<unsigned char>(c) >> 4];
        hex += kDigits[static_cast<unsigned char>(c) & 15];
      }
      return hex;
    }
    notes.remove_prefix(end);
  }
  return {};
}

// The first object is the program itself.
int VisitProgram(dl_phdr_info* program, std::size_t, void* result) {
  std::string& build_id = *static_cast<std::string*>(result);
  for (int i = 0; i < program->dlpi_phnum && build_id.empty(); ++i) {
    const ElfW(Phdr)& header = program->dlpi_phdr[i];
    if (header.p_type != PT_NOTE) continue;
    const auto* const notes = reinterpret_cast<const char*>(program->dlpi_addr + header.p_vaddr);
    build_id = FindBuildId(std::string_view(notes, header.p_memsz));
  }
  return 1;
}

}  // namespace

std::string BuildId() {
  std::string build_id;
  dl_iterate_phdr(&VisitProgram, &build_id);
  return build_id.empty() ? "unknown" : build_id;
}

}  // namespace beach::sim
