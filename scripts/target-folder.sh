#!/usr/bin/env bash
# Prints the folder that cargo builds into, which settings of cargo may place outside of the checkout.
set -euo pipefail

target=$(cargo metadata --no-deps --format-version 1 2>/dev/null |
  sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p')
printf '%s\n' "${target:-${CARGO_TARGET_DIR:-target}}"
