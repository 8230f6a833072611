#!/usr/bin/env bash
# packaging/config.sh BEACHDB FILE: the configuration that the package begins with: all settings, documented, and where data is.
set -euo pipefail
"$1" serve --print-config | sed 's|^data = ""$|data = "/var/lib/beachdb"|' >"$2"
grep -q '^data = "/var/lib/beachdb"$' "$2"
