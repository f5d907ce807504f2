#!/usr/bin/env bash
# Removes the local cloud's directory. Fails while its Postgres is running.
set -euo pipefail
cd "$(dirname "$0")/.."
dir=${1:-.stardrop}

if [ ! -d "$dir" ]; then
  echo "clean-local: $dir does not exist"
  exit 0
fi
while IFS= read -r pid_file; do
  pid=$(head -n 1 "$pid_file")
  if ps -p "$pid" >/dev/null 2>&1; then
    echo "clean-local: its Postgres is running (pid $pid): stop \`make dev\` first" >&2
    exit 3
  fi
done < <(find "$dir" -name postmaster.pid)
echo "clean-local: removing $dir"
rm -rf "$dir"
