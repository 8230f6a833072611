// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <expected>
#include <string>
#include <utility>

namespace beach {

// A code exists only if some caller acts differently on it.
enum class ErrorCode : std::uint8_t {
  kInvalidArgument,  // the request breaks a stated limit: change it, nothing was done
  kNotFound,         // a named file or directory does not exist
  kAlreadyExists,    // a file that must be new exists
  kIo,               // the OS failed a call; the outcome of a write is unknown
  kNoSpace,          // the OS has no room; free some and retry
  kUnsupported,      // not on this file system, between these two, or by a handle that only reads
  kCorruption,       // bytes read back are not the bytes written: path and offset say where
  kRefused,          // not a database of ours, foreign identity, unknown version: left untouched
  kBusy,             // another process holds the directory's LOCK
  kClosed,           // the handle is closed
  kOverloaded,       // as many are held as may be: nothing was done, let go of some and retry
  kCompactedAway,    // the log does not reach back so far any more: begin anew from a copy
};

// "corruption", "io error", ...: stable names, used in JSON and messages.
const char* ErrorCodeName(ErrorCode code);

// What failed, on what, where, and what to do. A value; cheap to move.
class [[nodiscard]] Error {
 public:
  static constexpr std::uint64_t kNoOffset = ~std::uint64_t{0};

  Error(ErrorCode code, std::string message) : code_(code), message_(std::move(message)) {}

  // Names the file, and where in it (a byte offset), the error is about.
  Error&& At(std::string path, std::uint64_t offset = kNoOffset) &&;
  // The errno behind the error.
  Error&& WithErrno(int os_error) &&;

  ErrorCode code() const { return code_; }
  const std::string& message() const { return message_; }
  const std::string& path() const { return path_; }
  std::uint64_t offset() const { return offset_; }  // kNoOffset where there is none
  int os_error() const { return os_error_; }        // errno, or 0

  // "corruption: bad block checksum (000007.sst, offset 4096)".
  std::string ToString() const;

 private:
  ErrorCode code_;
  int os_error_ = 0;
  std::uint64_t offset_ = kNoOffset;
  std::string path_;
  std::string message_;
};

template <class T>
using Result = std::expected<T, Error>;
using Status = Result<void>;

// The error for a failed system call `operation` on `path`; errno picks the code (ENOSPC and
// EDQUOT kNoSpace, ENOENT kNotFound, EEXIST kAlreadyExists, EISDIR kRefused, EXDEV kUnsupported,
// else kIo).
Error ErrnoError(int os_error, const char* operation, std::string path,
                 std::uint64_t offset = Error::kNoOffset);

inline std::unexpected<Error> Fail(Error error) { return std::unexpected<Error>(std::move(error)); }
inline std::unexpected<Error> Fail(ErrorCode code, std::string message) {
  return std::unexpected<Error>(Error(code, std::move(message)));
}

}  // namespace beach

// For functions that return a Result or Status. The second is several statements: not the body of
// an `if` without braces.
// BEACH_TRY(status_or_result);                 returns the error to our caller
// BEACH_TRY_ASSIGN(auto file, files.Open(p));  else binds the value
#define BEACH_TRY(expression)                                                       \
  do {                                                                              \
    if (auto beach_status_ = (expression); !beach_status_) [[unlikely]]             \
      return ::std::unexpected<::beach::Error>(::std::move(beach_status_).error()); \
  } while (0)

#define BEACH_CONCAT_INNER_(a, b) a##b
#define BEACH_CONCAT_(a, b) BEACH_CONCAT_INNER_(a, b)
#define BEACH_TRY_ASSIGN_(temporary, declaration, expression)                 \
  auto temporary = (expression);                                              \
  if (!temporary) [[unlikely]]                                                \
    return ::std::unexpected<::beach::Error>(::std::move(temporary).error()); \
  declaration = *::std::move(temporary)
#define BEACH_TRY_ASSIGN(declaration, expression) \
  BEACH_TRY_ASSIGN_(BEACH_CONCAT_(beach_result_, __LINE__), declaration, expression)
