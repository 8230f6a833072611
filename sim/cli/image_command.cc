// SPDX-License-Identifier: Apache-2.0
#include <fmt/format.h>

#include <memory>

#include "sim/cli/os_folders.h"
#include "sim/cli/os_terminal.h"
#include "sim/cli/output.h"
#include "sim/cli/program.h"
#include "sim/sweep/os_files.h"

namespace beach::sim::cli {
namespace {

struct Arguments {
  std::string file;
  std::string unpack;
  std::string pack;
  bool json = false;
};

Result<DiskImage> ReadImage(const std::string& path) {
  BEACH_TRY_ASSIGN(const std::string bytes, sweep::OsReadFile(path));
  auto image = DecodeImage(bytes);
  if (!image) return Fail(Error(image.error()).At(path));
  return image;
}

std::string AsText(const DiskImage& image) {
  std::string text;
  for (const DiskImage::Entry& entry : image.entries) {
    switch (entry.kind) {
      case DiskImage::Kind::kDirectory: text += fmt::format("{:>12}  {}/\n", "", entry.path); break;
      case DiskImage::Kind::kFile:
        text += fmt::format("{:>12}  {}\n", entry.size_bytes, entry.path);
        break;
      case DiskImage::Kind::kLink:
        text += fmt::format("{:>12}  {} = {}\n", "", entry.path, entry.target);
        break;
    }
  }
  return text;
}

int Pack(const Arguments& arguments) {
  const auto image = OsPack(arguments.pack);
  if (!image) return EnvironmentError(image.error());
  const Status written = sweep::OsWriteFile(arguments.file, EncodeImage(*image));
  if (!written) return EnvironmentError(written.error());
  PrintOut(arguments.json ? ImageAsJson(*image) : AsText(*image));
  return kExitFine;
}

int Run(const Arguments& arguments) {
  if (!arguments.pack.empty() && !arguments.unpack.empty()) {
    return UsageError("--pack makes an image, --unpack takes one: not both");
  }
  if (!arguments.pack.empty()) return Pack(arguments);
  const auto image = ReadImage(arguments.file);
  if (!image) {
    const bool is_damage = image.error().code() == ErrorCode::kCorruption;
    PrintError(image.error().ToString() + "\n");
    return is_damage ? kExitFound : kExitEnvironment;
  }
  if (!arguments.unpack.empty()) {
    const Status unpacked = OsUnpack(*image, arguments.unpack);
    if (!unpacked) return EnvironmentError(unpacked.error());
  }
  PrintOut(arguments.json ? ImageAsJson(*image) : AsText(*image));
  return kExitFine;
}

}  // namespace

void AddImage(command_line::Command root, const Program& program) {
  const command_line::Command command =
      root.Add("image",
               "List what is on a simulated disk that was saved, or make a folder of it. Exit code "
               "1: the file is damaged");
  const auto arguments = std::make_shared<Arguments>();
  command.Text("FILE.image", arguments->file, "What run or replay --images left",
               command_line::Need::kRequired);
  command.Text("--unpack", arguments->unpack, "Make this folder, with all that is in the image");
  command.Text("--pack", arguments->pack, "The other way: make the image, of this folder");
  command.Flag("--json", arguments->json, "One JSON document");
  command.Examples("Example:\n  " + program.name +
                   " replay beachsim-artifacts/NAME-42.json --images 42\n  " + program.name +
                   " image 42/HOST.image --unpack 42/HOST");
  command.Does([arguments] { return Run(*arguments); });
}

}  // namespace beach::sim::cli
