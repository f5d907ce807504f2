#!/usr/bin/env bash
# Generates transactions of two tills, which give the same stores different names, uploads them to a local cloud, and
# shows the star that they become, and what was settled.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/local-cloud.sh

start_example retail-star
loads 1
ask "Two stores whose names contradict each other in this file" \
  "select store_id, store_name, transactions, is_kept from star.store_names
   where store_id in (select store_id from star.store_names group by store_id having count(*) > 1)
   order by store_id, is_kept desc, store_name"
heading "stardrop status LOAD: what was settled"
"$stardrop" status 1 | grep 'came with several' | indent

heading "A thousand mock transactions of each of two tills; the second one spells the stores otherwise"
mkdir -p "$work/files/transactions/till-1" "$work/files/transactions/till-2"
"$stardrop" generate transactions --rows 1000 --seed 1 --day 2026-01-06 \
  --out "$work/files/transactions/till-1/2026-01-06.csv" 2> "$work/generate.log"
"$stardrop" generate transactions --rows 1000 --seed 2 --day 2026-01-07 |
  sed -e 's/ Mall,/ Shopping Centre,/' > "$work/files/transactions/till-2/2026-01-07.csv"
cat "$work"/files/transactions/*/*.csv | grep -v '^transaction_id' |
  awk -F, '{ rows++; amount += $4 } END { printf "   in the files: %d rows, %.2f\n", rows, amount }'
drop "$work/files"
loads 3
ask "In the star" \
  "select count(*) as rows, sum(total_amount) as amount from star.fact_sale where transaction_id not like 'H%'"

heading "One name for each store: that of the newest file, whichever comes first"
ask "Stores that came with several names" \
  "select count(*) as stores, sum(names) as names, sum(kept) as kept from (
     select store_id, count(*) as names, count(*) filter (where is_kept) as kept
     from star.store_names group by store_id having count(*) > 1) n"
heading "Done in $(($(date +%s) - began)) s"
