#!/usr/bin/env bash
# Loads users from a bucket and from a folder into a local cloud, one row for each email address, with the places and the
# owners of the networks of their addresses.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/local-cloud.sh

users="select count(*) as users, count(*) filter (where is_active) as active, max(last_seen at time zone 'UTC') as last_seen
  from star.user_places"

start_example user-activity
loads 1
ask "Users" "$users"
ask "Places: an address that is not in the public internet is named by its kind" \
  "select place, count(*) as users, string_agg(distinct network_owner, ', ') as network_owners
   from star.user_places group by place order by users desc, place"

heading "stardrop load FOLDER: the file of another system, with other headers"
head -n 2 "$files/2-folder/activity/2026-02.csv" | indent
"$stardrop" load "$files/2-folder" > "$work/load.log"
loads 2
ask "Users" "$users"

heading "A file that comes late: what it says of users who were seen since changes nothing"
drop "$files/3-late"
loads 3
ask "Users" "$users"
ask "One of them" \
  "select email, is_active, last_seen at time zone 'UTC' as last_seen, place, city, network_owner from star.user_places
   where email = 'ada.moss@example.com'"

ask "Changed by another file since they first came" \
  "select case when updated_at is null then 'no' else 'yes' end as updated, count(*) as users
   from star.fact_user group by updated order by updated"

heading "stardrop load s3://BUCKET/PREFIX: whatever was not loaded yet"
"$stardrop" load "s3://$(ready_text bucket)/activity/" | sed 's/^load [0-9]*: //' | indent
heading "Done in $(($(date +%s) - began)) s"
