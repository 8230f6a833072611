// SPDX-License-Identifier: Apache-2.0
#include "env/virtual_os.h"

namespace beach::env {

constinit thread_local VirtualOs* current_virtual_os = nullptr;

}  // namespace beach::env
