#!/usr/bin/env bash
# Sends an event to the loader that `make watch` runs, and prints its response. Uploads the object
# that the sample events name first, if it is missing: examples/sales/sample.csv.
set -euo pipefail
cd "$(dirname "$0")/.."
event=${1:-events/s3-put.json}
ready=${2:-.stardrop/ready.json}
key=sales/2026/01/sales-2026-01-05.csv

if [ ! -s "$ready" ]; then
  echo "invoke: no local cloud is running: start \`make dev LOADERS=0\`, then \`make watch\`" >&2
  exit 3
fi
inbox=$(sed -n 's/.*"inbox" *: *"\([^"]*\)".*/\1/p' "$ready")

if [ ! -e "$inbox/$key" ]; then
  echo "invoke: cp examples/sales/sample.csv $inbox/$key"
  mkdir -p "$(dirname "$inbox/$key")"
  cp examples/sales/sample.csv "$inbox/$key"
  sleep 2 # until the bucket has imported it
fi
echo "invoke: $event"
PATH="$PWD/.venv/bin:$PATH" cargo lambda invoke loader --data-file "$event"
