#!/usr/bin/env bash
# packaging/check.sh [DEB]: installs the package into a Debian root of its own, serves there as it would, and removes it again. Needs root
# and the network: a root is fetched.
set -euo pipefail
cd "$(dirname "$0")/.."
deb=${1:-$(ls -t build/release/packages/beachdb_*.deb | head -1)}
mirror=${MIRROR:-http://deb.debian.org/debian}
root=$(mktemp -d /tmp/beachdb_root_XXXXXX)
chmod 755 "$root"  # its users are to get in
server=
cleanup() {
  local code=$?
  if [ "$code" -ne 0 ] && [ -e "$root/tmp/log" ]; then tail -5 "$root/tmp/log" >&2; fi
  [ -z "$server" ] || kill "$server" 2>/dev/null || true
  umount "$root/proc" 2>/dev/null || true
  rm -rf --one-file-system "$root"
}
trap cleanup EXIT

echo "-- a root: $root"
debootstrap --variant=minbase bookworm "$root" "$mirror" >"$root.log" 2>&1 || { tail -5 "$root.log"; exit 1; }
rm -f "$root.log"
mount -t proc proc "$root/proc"
inside() { chroot "$root" env DEBIAN_FRONTEND=noninteractive LC_ALL=C "$@"; }

echo "-- installing $(basename "$deb")"
cp "$deb" "$root/tmp/beachdb.deb"
inside apt-get install -y -qq --no-install-recommends /tmp/beachdb.deb >/dev/null 2>&1
[ "$(inside stat -c '%U %a' /var/lib/beachdb)" = "beachdb 700" ]
[ "$(inside stat -c '%U:%G %a' /etc/beachdb/beachdb.toml)" = "root:beachdb 640" ]
inside test -s /usr/share/man/man1/beachdb-serve.1.gz -o -s /usr/share/man/man1/beachdb-serve.1
inside beachdb --version

echo "-- serving, as the unit does"
command=$(sed -n 's/^ExecStart=//p' "$root/lib/systemd/system/beachdb.service")
# shellcheck disable=SC2086  # words of the unit
chroot "$root" env BEACHDB_LISTEN=127.0.0.1:47700 setpriv --reuid beachdb --regid beachdb --init-groups $command 2>"$root/tmp/log" &
server=$!
for _ in $(seq 300); do
  grep -q server.leads "$root/tmp/log" && break
  sleep 0.1
done
inside beachdb cli --connect 127.0.0.1:47700 put tide high
[ "$(inside beachdb cli --connect 127.0.0.1:47700 get tide)" = high ]
kill -TERM "$server"
wait "$server"
chmod 755 "$root"  # its users are to get in
server=
grep -q server.leaving "$root/tmp/log"

echo "-- removing, purging"
echo '# ours' >>"$root/etc/beachdb/beachdb.toml"
inside apt-get remove -y -qq beachdb >/dev/null 2>&1
inside test -e /etc/beachdb/beachdb.toml
inside apt-get purge -y -qq beachdb >/dev/null 2>&1
inside test ! -e /etc/beachdb/beachdb.toml
inside test -e /var/lib/beachdb/NODE  # data stays
echo "package: installed, served, removed"
