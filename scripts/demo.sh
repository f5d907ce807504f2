#!/usr/bin/env bash
# Shows what Stardrop does: uploads a month of sales files to a local bucket, two of them bad and one
# of them twice, and prints the loads, the rejected rows and queries of the star. Uses a temporary
# directory, which is removed at the end (KEEP=1 keeps it).
set -euo pipefail
cd "$(dirname "$0")/.."

rows=${ROWS:-2000}     # per day
some_bad_day=13        # a few bad rows: within the contract's reject budget
all_bad_day=24         # too many bad rows: the load fails

export STARDROP_DATASETS=$PWD/examples

. scripts/local-cloud.sh
stardrop=${STARDROP:-$(bash scripts/target-folder.sh)/debug/stardrop}

generate_day() { # DAY BAD FILE
  "$stardrop" generate sales --rows "$rows" --seed "202601$1" --day "2026-01-$1" --bad "$2" --out "$3"
}

heading "A local cloud: Postgres, an S3 bucket and the loader"
start_cloud
printf '   %s\n' "Postgres   $(ready_text database_url)" "S3         $(ready_text s3_endpoint)" \
  "bucket     $(ready_text inbox)"
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
"$stardrop" status | awk 'NR <= 4 || $3 == "failed" || $5 > 0 || /^load [0-9]+ failed/ {
    sub(/; first: /, ";\n  first: "); print; skipped = 0; next
  }
  !skipped { print "   ..."; skipped = 1 }' | sed "s|s3://$bucket/||" | indent

heading "stardrop rejects: each row that could not be loaded, with its line and the reason"
"$stardrop" rejects > "$work/rejects.txt"
head -n 12 "$work/rejects.txt" | indent
echo "   ... $(($(wc -l < "$work/rejects.txt") - 1)) rows in all"

heading "The star, as an analyst would query it"
if find_psql; then
  sql "select p.product_name, sum(f.quantity) as quantity, round(sum(f.quantity * f.unit_price), 2) as amount
       from star.fact_sales f join star.dim_product p using (product_key)
       group by p.product_name order by amount desc limit 5"
  echo
  echo "   (no date: the contract does not require one, and rows may lack it)"
  sql "select case date_key when '0001-01-01' then 'no date' else date_trunc('week', date_key)::date::text end as week,
              count(*) as rows, round(sum(quantity * unit_price), 2) as amount
       from star.fact_sales group by week order by week"
else
  echo "   psql is not installed, so the queries are skipped: the star is in the schema \"star\""
fi

heading "Done in $(($(date +%s) - began)) s"
