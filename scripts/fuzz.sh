#!/usr/bin/env bash
# Runs fuzz targets, by default all of them, for some minutes each. Inputs that fail are in fuzz/artifacts.
set -euo pipefail
cd "$(dirname "$0")/.."
minutes=${1:-10}
shift || true
targets=("$@")
[ ${#targets[@]} -gt 0 ] || targets=(decode archive csv jsonl enrich rows contract event)

export PATH="$PWD/.tools/bin:$PATH"
python3 fuzz/seeds.py
found=0
for target in "${targets[@]}"; do
  # No address sanitizer: it needs a nightly compiler, and Stardrop forbids unsafe code. Overflows and
  # failed assertions panic.
  cargo fuzz run --sanitizer none "$target" -- -max_total_time=$((minutes * 60)) -max_len=4096 \
    -timeout=20 -rss_limit_mb=2048 -print_final_stats=1 || found=1
done
[ "$found" = 0 ] || { echo "fuzz: see fuzz/artifacts; add a test for each finding"; exit 1; }
