#!/usr/bin/env bash
# Rust in, cargo-deny in .tools out.
set -euo pipefail
cd "$(dirname "$0")/.."
version=0.20.2

say() { printf 'deny: %s\n' "$*"; }

if [ "$(.tools/bin/cargo-deny --version 2>/dev/null)" = "cargo-deny $version" ]; then
  say "cargo-deny $version in .tools"
  exit 0
fi
say "cargo install cargo-deny@$version into .tools (compiles it, once)"
cargo install --quiet --locked --root .tools "cargo-deny@$version"
