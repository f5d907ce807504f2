#!/usr/bin/env bash
# Rust in, cargo-fuzz in .tools out.
set -euo pipefail
cd "$(dirname "$0")/.."
version=0.13.2

say() { printf 'fuzz: %s\n' "$*"; }

if [ "$(.tools/bin/cargo-fuzz --version 2>/dev/null)" = "cargo-fuzz $version" ]; then
  say "cargo-fuzz $version in .tools"
  exit 0
fi
say "cargo install cargo-fuzz@$version into .tools (compiles it, once)"
cargo install --quiet --locked --root .tools "cargo-fuzz@$version"
