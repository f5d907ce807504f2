# Runs a server, and ends it when the other end of standard input is gone, however that came.
#   sh supervisor.sh JUNK PROGRAM ARGUMENT...
# Standard input takes lines "SIGNAL [further pid...]": the signal goes to the server and those
# processes. At its end the server gets SIGQUIT. Standard output says "pid N" and "exit CODE".
# When both have ended the folder JUNK is removed, unless the line "keep" was read before.
trap '' PIPE HUP
junk=$1; shift
exec 3<&0 </dev/null
"$@" 3<&- >&2 & server=$!
echo "pid $server"
(
    while read -r signal more <&3; do kill -s "$signal" "$server" $more; done
    kill -s QUIT "$server"
) >/dev/null 2>&1 & reader=$!
wait "$server"; code=$?
# The reader must be gone before we read the rest of its lines. It never ends with work half done:
# its only work is to signal a server that has ended.
kill -s KILL "$reader" 2>/dev/null; wait "$reader" 2>/dev/null
echo "exit $code" 2>/dev/null
while read -r word <&3; do [ "$word" = keep ] && junk=; done
[ -n "$junk" ] && rm -rf "$junk"
exit 0
