#!/usr/bin/env bash
# Copies orders and customers of a MariaDB server into a local cloud, first all of them, then what is new, and compares the
# star with the server.
set -euo pipefail
cd "$(dirname "$0")/../.."
. scripts/local-cloud.sh

start_example orders-from-mysql --mariadb
source=examples/orders-from-mysql/source
mariadb=$(command -v mariadb || command -v mysql)
url=$(ready_text mariadb_url)
port=${url##*:}

run_sql() { "$mariadb" --no-defaults --host 127.0.0.1 --port "${port%/}" --user root --default-character-set=utf8mb4 "$@"; }
extract() { # TABLE OPTIONS...: the keys of windows have the time at which they start, which differs from run to run
  "$stardrop" extract "${url}shop" --table "$1" --to "s3://$(ready_text bucket)/$1/" "${@:2}" 2>> "$log" > "$work/extract.txt"
  masked "$work/extract.txt" | indent
}
masked() { sed 's|since=2[^/]*|since=...|' "$1"; }
loaded() { loads "$1" > "$work/loaded.txt"; masked "$work/loaded.txt"; }
compare() {
  echo "   In MariaDB"
  run_sql --table shop < "$source/orders-by-status.sql" | indent
  ask "In the star" "select status, count(*) as orders, sum(amount) as amount from star.fact_orders group by status order by status"
}

heading "A shop in MariaDB"
run_sql < "$source/1-shop.sql"

heading "stardrop extract: all customers, and all orders in the first window"
extract customers
extract orders --since updated_at
loaded 2
compare

heading "A day later: stardrop extract takes what is new"
run_sql < "$source/2-changes.sql"
sleep 1.1 # a second that is not over is left to the next run
extract orders --since updated_at
loaded 3
compare

heading "Orders are deleted; what was new before comes again, in the overlap, and changes nothing"
run_sql < "$source/3-deleted.sql"
sleep 1.1
extract customers
extract orders --since updated_at
loaded 5
compare
ask "Customers who are gone" "select customer_id, name, city from star.dim_customers where is_deleted"
ask "The states of an order" \
  "select status, amount, is_current from star.dim_order_state where id = 30 order by valid_from"

heading "stardrop replay: the oldest window is loaded again, after the newer ones, and changes nothing"
first=$("$stardrop" status --dataset orders | awk '$10 ~ /since=start/ { print $1 }')
"$stardrop" replay "$first" > "$work/replay.txt"
sed 's/^load [0-9]*: //; s/, [0-9.]* MB in .*//' "$work/replay.txt" | indent
compare
heading "Done in $(($(date +%s) - began)) s"
