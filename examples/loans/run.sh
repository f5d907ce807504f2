#!/usr/bin/env bash
# Loads borrowers and their roles from a workbook into a local cloud, then files with new and changed records, and shows what came of it
# and how long each step of a load took.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/local-cloud.sh

start_example loans
loads 2
ask "Borrowers in states whose zip codes begin with 0" \
  "select state, count(*) as borrowers, min(zip_code) as lowest, max(zip_code) as highest
   from star.borrowers where zip_code < '1' group by state order by state"
ask "Roles" "select role, count(*) as borrowers from star.borrowers group by role order by role"

heading "stardrop rejects: the row that could not be loaded"
"$stardrop" rejects | cut -c 7- | indent

heading "A week later: files with the new and changed records"
drop "$files/2-changes"
loads 4
ask "Borrowers and roles now" \
  "select count(*) as people, count(*) filter (where role = 'borrower') as borrowers,
          count(*) filter (where role = 'co-borrower') as co_borrowers
   from star.borrowers"
ask "Who has moved or changed: the versions of each" \
  "select full_name, city, zip_code, email, valid_from::date, valid_to::date from star.dim_borrower
   where borrower_id in (select borrower_id from star.dim_borrower group by borrower_id having count(*) > 1)
   order by borrower_id, valid_from"

heading "stardrop status LOAD --steps: a log of each step"
"$stardrop" status "$("$stardrop" status --dataset borrower | awk 'NR == 2 { print $1 }')" --steps | tail -n +4 | indent
heading "Done in $(($(date +%s) - began)) s"
