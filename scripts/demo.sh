#!/usr/bin/env bash
# Shows what Stardrop does: uploads a month of sales files to a local bucket, two of them bad and one
# of them twice, and prints the loads, the rejected rows and queries of the star. Uses a temporary
# directory, which is removed at the end (KEEP=1 keeps it).
set -euo pipefail
cd "$(dirname "$0")/.."

rows=${ROWS:-2000}     # per day
timeout=${WAIT:-120}   # seconds, for each wait
some_bad_day=13        # a few bad rows: within the contract's reject budget
all_bad_day=24         # too many bad rows: the load fails

export STARDROP_DATASETS=$PWD/examples

# --- the commands of stardrop that this script uses ---------------------------------------------

stardrop=${STARDROP:-$(bash scripts/target-folder.sh)/debug/stardrop}

# Runs in the background. With exec, the pid is stardrop's and not that of a shell around it.
start_cloud() { exec "$stardrop" dev --dir "$work" --port-file "$ready"; }

generate_day() { # DAY BAD FILE
  "$stardrop" generate sales --rows "$rows" --seed "202601$1" --day "2026-01-$1" --bad "$2" --out "$3"
}

status() { "$stardrop" status "$@"; }
rejects() { "$stardrop" rejects; }

# ready.json is one flat object of strings.
ready_text() { sed -n "s/.*\"$1\" *: *\"\([^\"]*\)\".*/\1/p" "$ready"; }

# `status --json` is an array of objects whose keys are the ledger's columns.
count_state() { grep -o "\"state\" *: *\"$1\"" "$work/status.json" | wc -l | tr -d ' '; }
sum_column() {
  grep -o "\"$1\" *: *[0-9]*" "$work/status.json" | awk -F: '{ sum += $2 } END { print sum + 0 }'
}

# --- starting and stopping -----------------------------------------------------------------------

work=$(mktemp -d "${TMPDIR:-/tmp}/stardrop-demo.XXXXXX")
ready=$work/ready.json
log=$work/dev.log
cloud=
began=$(date +%s)

if [ "$(id -u)" = 0 ]; then chmod 711 "$work"; fi # so that the user that runs root's Postgres can enter

running() { [ -n "$1" ] && kill -0 "$1" 2>/dev/null; }

stop() { # PID: sends SIGTERM, and after ten seconds SIGKILL to its process group
  running "$1" || return 0
  kill -TERM "$1" 2>/dev/null || true
  for _ in $(seq 100); do
    running "$1" || return 0
    sleep 0.1
  done
  kill -KILL -- "-$1" 2>/dev/null || kill -KILL "$1" 2>/dev/null || true
}

finish() {
  local code=$?
  trap - EXIT INT TERM HUP
  if [ "$code" != 0 ] && [ -s "$log" ]; then
    printf '\nThe last lines of the local cloud:\n' >&2
    tail -n 20 "$log" | sed 's/^/  /' >&2
  fi
  stop "$cloud"
  # If the local cloud crashed, its Postgres may still run: find it by its pid file.
  local pid_file
  while IFS= read -r pid_file; do
    stop "$(head -n 1 "$pid_file")"
  done < <(find "$work" -name postmaster.pid 2>/dev/null)
  if [ -n "${KEEP:-}" ]; then echo "kept: $work"; else rm -rf "$work"; fi
  exit "$code"
}
trap finish EXIT
trap 'exit 130' INT
trap 'exit 143' TERM HUP

# --- output --------------------------------------------------------------------------------------

heading() { printf '\n== %s\n' "$*"; }
indent() { sed 's/^/   /'; }
fail() { printf 'demo: %s\n' "$*" >&2; exit 3; }

wait_for() { # WHAT COMMAND...: until the command succeeds, the cloud exits or the time is over
  local what=$1 until=$(($(date +%s) + timeout))
  shift
  until "$@"; do
    running "$cloud" || fail "the local cloud stopped while waiting for $what"
    [ "$(date +%s)" -lt "$until" ] || fail "no $what after $timeout s; see the log below"
    sleep 0.2
  done
}

loads_finished() { # N: at least N loads, none of them still loading
  status --json > "$work/status.json" || return 1
  local all loading
  all=$(count_state '[a-z]*')
  loading=$(count_state loading)
  [ "$all" -ge "$1" ] && [ "$loading" = 0 ]
}

sql() { "$psql" --no-psqlrc --quiet --pset footer=off --dbname "$DATABASE_URL" --command "$1" | sed '/^$/d' | indent; }

[ -x "$stardrop" ] || fail "no $stardrop: run \`make build\` first"

heading "A local cloud: Postgres, an S3 bucket and the loader"
set -m # a separate process group: Ctrl-C signals only this script, which then stops the group
start_cloud > "$log" 2>&1 < /dev/null &
cloud=$!
set +m
wait_for "the local cloud" test -s "$ready"
printf '   %s\n' "Postgres   $(ready_text database_url)" "S3         $(ready_text s3_endpoint)" \
  "bucket     $(ready_text inbox)"

DATABASE_URL=$(ready_text database_url)
AWS_ENDPOINT_URL_S3=$(ready_text s3_endpoint)
AWS_ACCESS_KEY_ID=$(ready_text access_key)
AWS_SECRET_ACCESS_KEY=$(ready_text secret_key)
export DATABASE_URL AWS_ENDPOINT_URL_S3 AWS_ACCESS_KEY_ID AWS_SECRET_ACCESS_KEY
export AWS_REGION="${AWS_REGION:-us-east-1}"
unset AWS_SESSION_TOKEN AWS_PROFILE
inbox=$(ready_text inbox)/sales/2026/01
bucket=$(ready_text bucket)

heading "A month of sales files, $rows rows a day; two days contain bad rows on purpose"
mkdir "$work/files"
for day in $(seq -w 1 31); do
  bad=0
  if [ "$day" = "$some_bad_day" ]; then bad=0.005; fi
  if [ "$day" = "$all_bad_day" ]; then bad=0.2; fi
  generate_day "$day" "$bad" "$work/files/2026-01-$day.csv" > "$work/generate.log" 2>&1 ||
    { cat "$work/generate.log" >&2; fail "could not generate 2026-01-$day.csv"; }
done
head -n 3 "$work/files/2026-01-01.csv" | indent
echo "   ... 31 files, $(cat "$work/files/"*.csv | wc -l | tr -d ' ') lines"

heading "Copy them to the bucket"
echo "   cp *.csv $bucket/sales/2026/01/"
mkdir -p "$inbox"
dropped=$(date +%s)
cp "$work/files/"*.csv "$inbox/"
wait_for "31 loads" loads_finished 31
loads=$(count_state '[a-z]*')
inserted=$(sum_column rows_inserted)
echo "   $loads loads in $(($(date +%s) - dropped)) s: $(count_state loaded) loaded, $(count_state failed) failed," \
  "$inserted rows in the star"

heading "The same file again under the same name: a new event, but no new rows"
echo "   cp 2026-01-05.csv $bucket/sales/2026/01/"
cp "$work/files/2026-01-05.csv" "$inbox/"
for _ in $(seq 25); do # either a new load appears, or the ledger recognises the file: both are right
  if loads_finished $((loads + 1)); then break; fi
  sleep 0.2
done
wait_for "the second upload" loads_finished "$loads"
again=$(sum_column rows_inserted)
echo "   before: $inserted rows   after: $again rows"
[ "$again" = "$inserted" ] || fail "the second upload added rows"

heading "stardrop status: every file, and how many of its rows were loaded"
# The first three, and those with rejected rows.
status | awk 'NR <= 4 || $3 == "failed" || $5 > 0 || /^load [0-9]+ failed/ {
    sub(/; first: /, ";\n  first: "); print; skipped = 0; next
  }
  !skipped { print "   ..."; skipped = 1 }' | sed "s|s3://$bucket/||" | indent

heading "stardrop rejects: each row that could not be loaded, with its line and the reason"
rejects > "$work/rejects.txt"
head -n 12 "$work/rejects.txt" | indent
echo "   ... $(($(wc -l < "$work/rejects.txt") - 1)) rows in all"

heading "The star, as an analyst would query it"
psql=${PG_BIN:+$PG_BIN/psql}
if [ ! -x "$psql" ]; then psql=$(command -v psql || true); fi
if [ -n "$psql" ] && "$psql" --version > "$work/psql.log" 2>&1; then
  sql "select p.product_name, sum(f.quantity) as quantity, round(sum(f.quantity * f.unit_price), 2) as amount
       from star.fact_sales f join star.dim_product p using (product_key)
       group by p.product_name order by amount desc limit 5"
  echo
  sql "select case date_key when '0001-01-01' then 'no date' else date_trunc('week', date_key)::date::text end as week,
              count(*) as rows, round(sum(quantity * unit_price), 2) as amount
       from star.fact_sales group by week order by week"
else
  echo "   psql is not installed, so the queries are skipped: the star is in the schema \"star\""
fi

heading "Done in $(($(date +%s) - began)) s"
