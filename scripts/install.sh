#!/usr/bin/env bash
# scripts/install.sh [LIST]: installs the Debian packages of LIST (scripts/packages.txt) that are missing. Asks the network only when
# something is. Without root it prints the one command that a person with root has to run.
set -euo pipefail
cd "$(dirname "$0")/.."
list=${1:-scripts/packages.txt}

missing=()
while read -r package _; do
  case "$package" in '' | '#'*) continue ;; esac
  state=$(dpkg-query -W -f '${db:Status-Status}' "$package" 2>/dev/null || true)
  [ "$state" = installed ] || missing+=("$package")
done <"$list"

[ ${#missing[@]} -eq 0 ] && exit 0

install=(apt-get install -y --no-install-recommends "${missing[@]}")
if [ "$(id -u)" -ne 0 ]; then
  echo "Missing Debian packages. Run this, then try again:" >&2
  echo "  sudo apt-get update && sudo ${install[*]}" >&2
  exit 3
fi
echo "installing: ${missing[*]}" >&2
export DEBIAN_FRONTEND=noninteractive
apt-get update -qq >&2
"${install[@]}" -qq >&2
