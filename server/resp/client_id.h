// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "base/strong_id.h"

namespace beach::server {

// Of a connection to a RESP port, as CLIENT ID says it; from 1 on, never used again.
using RespClientId = StrongId<struct RespClientIdTag>;

}  // namespace beach::server
