#!/usr/bin/env bash
# Installs a cargo subcommand of one version into .tools, unless it is installed.
#
#   scripts/setup-cargo-tool.sh cargo-deny 0.20.2
set -euo pipefail
cd "$(dirname "$0")/.."
tool=$1
version=$2

say() { printf '%s: %s\n' "$tool" "$*"; }

for found in ".tools/bin/$tool" "$(command -v "$tool" || true)"; do
  case $("${found:-false}" --version 2>/dev/null || true) in
    "$version" | "$tool $version")
      say "$version is $found"
      exit 0
      ;;
  esac
done
# No package registry but crates.io has these versions, so they are compiled.
say "cargo install $tool@$version into .tools (compiles it, once)"
cargo install --quiet --locked --root .tools "$tool@$version"
