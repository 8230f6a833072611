// SPDX-License-Identifier: Apache-2.0
#include "base/error.h"

#include <cerrno>
#include <cstring>

namespace beach {

const char* ErrorCodeName(ErrorCode code) {
  switch (code) {
    case ErrorCode::kInvalidArgument: return "invalid argument";
    case ErrorCode::kNotFound: return "not found";
    case ErrorCode::kAlreadyExists: return "already exists";
    case ErrorCode::kIo: return "io error";
    case ErrorCode::kNoSpace: return "no space";
    case ErrorCode::kUnsupported: return "unsupported";
    case ErrorCode::kCorruption: return "corruption";
    case ErrorCode::kRefused: return "refused";
    case ErrorCode::kBusy: return "busy";
    case ErrorCode::kClosed: return "closed";
    case ErrorCode::kOverloaded: return "overloaded";
    case ErrorCode::kCompactedAway: return "compacted away";
  }
  return "unknown code";
}

Error&& Error::At(std::string path, std::uint64_t offset) && {
  path_ = std::move(path);
  offset_ = offset;
  return std::move(*this);
}

Error&& Error::WithErrno(int os_error) && {
  os_error_ = os_error;
  return std::move(*this);
}

std::string Error::ToString() const {
  std::string text = ErrorCodeName(code_);
  text += ": " + message_;
  if (path_.empty()) return text;
  text += " (" + path_;
  if (offset_ != kNoOffset) text += ", offset " + std::to_string(offset_);
  return text + ")";
}

Error ErrnoError(int os_error, const char* operation, std::string path, std::uint64_t offset) {
  ErrorCode code = ErrorCode::kIo;
  if (os_error == ENOSPC || os_error == EDQUOT) code = ErrorCode::kNoSpace;
  if (os_error == ENOENT) code = ErrorCode::kNotFound;
  if (os_error == EISDIR) code = ErrorCode::kRefused;
  if (os_error == EEXIST) code = ErrorCode::kAlreadyExists;
  if (os_error == EXDEV) code = ErrorCode::kUnsupported;
  // strerrordesc_np: constant, locale-free text, so that messages are equal on every run.
  const char* reason = ::strerrordesc_np(os_error);
  std::string message = std::string(operation) + " failed: ";
  message += reason != nullptr ? reason : "errno " + std::to_string(os_error);
  return Error(code, std::move(message)).At(std::move(path), offset).WithErrno(os_error);
}

}  // namespace beach
