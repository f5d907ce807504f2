#!/usr/bin/env bash
# Minutes, and targets or none for all of them, in; inputs that break something in fuzz/artifacts out.
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=${1:-10}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(decode csv jsonl rows contract event)

export PATH="$PWD/.tools/bin:$PATH"
python3 fuzz/seeds.py
found=0
for target in "${targets[@]}"; do
  # Stardrop forbids unsafe code: what an address sanitizer finds is not there, and it needs a
  # nightly compiler. Overflows and broken promises panic.
  cargo fuzz run --sanitizer none "$target" -- -max_total_time=$((minutes * 60)) -max_len=4096 \
    -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 || found=1
done
[ "$found" = 0 ] || { echo "fuzz: see fuzz/artifacts; a finding gets a test that failed before"; exit 1; }
