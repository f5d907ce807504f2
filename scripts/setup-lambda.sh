#!/usr/bin/env bash
# Installs cargo-lambda, and Zig, which it cross-compiles with, into .venv if they are missing.
set -euo pipefail
cd "$(dirname "$0")/.."
cargo_lambda=1.9.2
ziglang=0.17.0

say() { printf 'lambda: %s\n' "$*"; }
die() { printf 'lambda: %s\n' "$*" >&2; exit 3; }
have() { command -v "$1" >/dev/null 2>&1; }
as_root() { if [ "$(id -u)" = 0 ]; then "$@"; else sudo -n "$@"; fi; }
may_be_root() { [ "$(id -u)" = 0 ] || { have sudo && sudo -n true 2>/dev/null; }; }

stamp=.venv/stardrop-$cargo_lambda-$ziglang
if [ -e "$stamp" ] && .venv/bin/cargo-lambda lambda --version >/dev/null 2>&1; then
  say "cargo-lambda $cargo_lambda in .venv"
  exit 0
fi

# Debian's python3 lacks venv, and fails only when it is used.
if ! have python3 || ! python3 -c 'import ensurepip' >/dev/null 2>&1; then
  if have apt-get && may_be_root; then
    say "apt-get install python3-venv"
    as_root apt-get update -qq
    as_root env DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends python3-venv
  elif have brew; then
    say "brew install python3"
    brew install python3
  else
    die "python3 with venv is missing, and there is neither apt (as root or with sudo) nor brew to install it"
  fi
fi

if ! .venv/bin/python -m pip --version >/dev/null 2>&1; then
  say "python3 -m venv .venv"
  python3 -m venv --clear .venv
fi
say "pip install cargo-lambda==$cargo_lambda ziglang==$ziglang into .venv (115 MB, once)"
PIP_ROOT_USER_ACTION=ignore .venv/bin/python -m pip install --quiet --disable-pip-version-check \
  "cargo-lambda==$cargo_lambda" "ziglang==$ziglang"
.venv/bin/cargo-lambda lambda --version >/dev/null || die "cargo-lambda was installed but does not run"
rm -f .venv/stardrop-*
touch "$stamp"
say "cargo-lambda $cargo_lambda in .venv"
