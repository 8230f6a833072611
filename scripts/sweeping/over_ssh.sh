#!/usr/bin/env bash
# scripts/sweeping/over_ssh.sh HOST[,HOST...] A..B SHARDS OUT [SWEEP FLAG...]
# Deals the seeds A..B out as SHARDS shares to machines that ssh reaches without a password (":" is this
# one), one share a processor of each, and leaves in OUT: shard-K.json, the artifacts of failures, and
# report.json, the sum. Where a machine goes away, its share goes to another. Each needs the
# packages of scripts/packages.txt; the binary is copied there. Exit code: that of the sum.
set -euo pipefail
cd "$(dirname "$0")/../.."
[ $# -ge 4 ] || { sed -n '2,6s/^# //p' "$0" >&2; exit 2; }
hosts=$1 seeds=$2 shards=$3 out=$4
shift 4
for tool in parallel rsync; do
  command -v "$tool" >/dev/null || { echo "needs: apt-get install $tool" >&2; exit 3; }
done
beachsim=$PWD/build/release/bin/beachsim
mkdir -p "$out"
cd "$out"
cp "$beachsim" beachsim
# A share that failed is no failed job: exit code 1 says that it found something.
parallel --sshlogin "$hosts" --basefile beachsim --workdir beachsim-sweep --cleanup --retries 3 --bar \
  --return shard-{}.json --return shard-{}.tar \
  "./beachsim sweep --seeds $seeds --shard {}/$shards --jobs 1 --keep-going --json \
     --artifacts shard-{} $* >shard-{}.json; code=\$?; mkdir -p shard-{}; tar cf shard-{}.tar shard-{}; rm -rf shard-{}; [ \$code -le 1 ]" \
  ::: $(seq "$shards")
for k in $(seq "$shards"); do tar xf "shard-$k.tar" && rm "shard-$k.tar"; done
rm -rf beachsim beachsim-sweep
"$beachsim" merge --json shard-*.json >report.json || true
exec "$beachsim" merge shard-*.json
