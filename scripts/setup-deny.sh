#!/usr/bin/env bash
# Rust in, cargo-deny in .tools out, unless it is installed already.
set -euo pipefail
cd "$(dirname "$0")/.."
version=0.20.2

say() { printf 'deny: %s\n' "$*"; }

for found in .tools/bin/cargo-deny "$(command -v cargo-deny || true)"; do
  if [ "$("${found:-false}" --version 2>/dev/null)" = "cargo-deny $version" ]; then
    say "$found is cargo-deny $version"
    exit 0
  fi
done
# No wheel and no package of npm has a version of the last two years: it is compiled.
say "cargo install cargo-deny@$version into .tools (compiles it, once)"
cargo install --quiet --locked --root .tools "cargo-deny@$version"
