// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <gtest/gtest.h>

#include <utility>

#include "base/error.h"
#include "env/files.h"

// Assertions on statuses and results.

#define ASSERT_OK(expression)                                                    \
  do {                                                                           \
    const auto& beach_outcome_ = (expression);                                   \
    ASSERT_TRUE(beach_outcome_.has_value()) << beach_outcome_.error().ToString(); \
  } while (0)

#define ASSERT_OK_ASSIGN_(temporary, declaration, expression)          \
  auto temporary = (expression);                                       \
  ASSERT_TRUE(temporary.has_value()) << temporary.error().ToString();  \
  declaration = *std::move(temporary)
#define ASSERT_OK_ASSIGN(declaration, expression) \
  ASSERT_OK_ASSIGN_(BEACH_CONCAT_(beach_outcome_, __LINE__), declaration, expression)

namespace beach::env::conformance {

// Success of a failure: it failed with this code, and its error names this path.
template <class T>
testing::AssertionResult FailsWith(const Result<T>& outcome, ErrorCode code,
                                   const std::string& path) {
  if (outcome.has_value()) return testing::AssertionFailure() << "succeeded";
  const Error& error = outcome.error();
  if (error.code() == code && error.path() == path) return testing::AssertionSuccess();
  return testing::AssertionFailure() << error.ToString() << ", but expected "
                                     << ErrorCodeName(code) << " on " << path;
}

// As FailsWith, and the error carries this errno.
template <class T>
testing::AssertionResult FailsWithErrno(const Result<T>& outcome, ErrorCode code,
                                        const std::string& path, int os_error) {
  testing::AssertionResult typed = FailsWith(outcome, code, path);
  if (!typed || outcome.error().os_error() == os_error) return typed;
  return testing::AssertionFailure() << "errno " << outcome.error().os_error()
                                     << ", but expected " << os_error;
}

// The bytes [offset, offset + length) of the file, or as many as there are.
inline Result<Bytes> ReadBytes(File& file, std::uint64_t offset, std::size_t length) {
  Bytes bytes(length, '?');
  BEACH_TRY_ASSIGN(const std::size_t got, file.ReadAt(offset, bytes.data(), length));
  bytes.resize(got);
  return bytes;
}

// The whole content of the file at `path`, through a handle of its own.
inline Result<Bytes> ReadFile(FileSystem& files, const std::string& path) {
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {}));
  BEACH_TRY_ASSIGN(const std::uint64_t size, file->Size());
  return ReadBytes(*file, 0, size + 1);
}

// Makes a new file with this content.
inline Status MakeFile(FileSystem& files, const std::string& path, ByteView content) {
  BEACH_TRY_ASSIGN(const auto file, files.Open(path, {.mode = OpenMode::kCreate}));
  return file->WriteAt(0, content);
}

}  // namespace beach::env::conformance
