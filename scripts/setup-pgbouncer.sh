#!/usr/bin/env bash
# Installs PgBouncer by apt or Homebrew, for the tests of connection poolers. Starts nothing. Without it those tests are
# skipped, so a machine where it cannot be installed is not an error.
set -euo pipefail

say() { printf 'pgbouncer: %s\n' "$*"; }
have() { command -v "$1" >/dev/null 2>&1; }

for file in "$(command -v pgbouncer || true)" /usr/sbin/pgbouncer /usr/local/sbin/pgbouncer; do
  if [ -x "$file" ]; then say "$file"; exit 0; fi
done
if have apt-get && [ "$(id -u)" = 0 ]; then
  say "apt-get install pgbouncer, without starting its service"
  # A package's script asks this file before it starts a service.
  policy=/usr/sbin/policy-rc.d
  if [ ! -e "$policy" ]; then
    printf '#!/bin/sh\nexit 101\n' > "$policy"
    chmod +x "$policy"
    trap 'rm -f "$policy"' EXIT
  fi
  if DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends pgbouncer >/dev/null; then exit 0; fi
elif have brew; then
  say "brew install pgbouncer, without starting it"
  if brew install pgbouncer; then exit 0; fi
fi
say "not installed: the tests of connection poolers are skipped"
