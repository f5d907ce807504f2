#!/usr/bin/env bash
# Loads two batches of users from workbooks into a local cloud, one of them again, and one of them corrected, and counts
# the users of each country.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/local-cloud.sh

by_country="select country, sum(users) filter (where batch = 7) as batch_7, sum(users) filter (where batch = 8) as batch_8
  from star.users_by_country group by country order by sum(users) desc, country"

start_example users-by-country
loads 2
ask "Users by country and batch" "$by_country"

heading "The workbook of batch 7 again: it counts once"
cp "$files/1-batches/users/batch=7/users.xlsx" "$inbox/users/batch=7/users.xlsx"
wait_for "the second upload" skipped 1
echo "   skipped users/batch=7/users.xlsx: already loaded"
ask "Users" "select batch, count(*) as users from star.fact_user group by batch order by batch"

heading "Batch 7 corrected: the workbook replaces what it has loaded before"
drop "$files/2-corrected"
loads 3
ask "Users by country and batch" "$by_country"
heading "Done in $(($(date +%s) - began)) s"
