// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "env/conformance/fixture.h"

namespace beach::env::conformance {

std::span<const Case> ContentCases();  // reading, writing and sizes of one file
std::span<const Case> NameCases();     // names, directories, locks
std::span<const Case> DirectCases();   // OpenOptions::direct
std::span<const Case> AsyncCases();    // SubmitWrite

}  // namespace beach::env::conformance
