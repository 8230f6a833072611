// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>

#include "env/conformance/fixture.h"

namespace beach::env::conformance {

std::span<const Case> PostCases();       // Run, Stop, Post, and the end of a loop
std::span<const Case> TimerCases();      // At, Cancel
std::span<const Case> ListenCases();     // addresses, accepting, letting go of it
std::span<const Case> ConnectCases();    // coming to be open, or not
std::span<const Case> StreamCases();     // bytes, bounds, back-pressure
std::span<const Case> CloseCases();      // the ways in which a connection ends
std::span<const Case> DestroyCases();    // connections destroyed at every moment
std::span<const Case> LoopWriteCases();  // SubmitWrite
std::span<const Case> TwoLoopCases();    // loops of several threads

}  // namespace beach::env::conformance
