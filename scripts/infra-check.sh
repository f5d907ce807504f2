#!/usr/bin/env bash
# Checks infra/: format, validity, its tests, and that its README lists every variable.
#
#   TERRAFORM   the command to run, such as `terraform`, or a wrapper and its command
set -euo pipefail
cd "$(dirname "$0")/../infra"
read -r -a terraform <<< "${TERRAFORM:-terraform}"

command -v "${terraform[0]}" >/dev/null 2>&1 || {
  printf 'infra: %s is missing: install Terraform 1.11 or newer\n' "${terraform[0]}" >&2
  exit 3
}
run() {
  printf '+ %s %s\n' "${terraform[*]}" "$*"
  "${terraform[@]}" "$@"
}

run fmt -check -recursive
run init -backend=false -input=false -no-color > .terraform-init.log 2>&1 || { cat .terraform-init.log >&2; rm -f .terraform-init.log; exit 3; }
rm -f .terraform-init.log
run validate -no-color
run test -no-color

# The README's tables list all variables.
missing=0
for name in $(sed -n 's/^variable "\(.*\)" {$/\1/p' variables.tf); do
  grep -q "^| \`$name\` |" README.md || { printf 'infra: README.md has no row for the variable %s\n' "$name" >&2; missing=1; }
done
exit "$missing"
