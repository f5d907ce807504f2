# Runs a server, and stops it when standard input is closed, for whatever reason.
#   sh supervisor.sh SCRATCH PROGRAM ARGUMENT...
# A line "SIGNAL [PID...]" on standard input sends the signal to the server and those processes.
# At the end of the input the server gets SIGQUIT. The script prints "pid N" and "exit CODE".
# Once the server has stopped and the input has ended, the folder SCRATCH is removed, unless the
# input contained the line "keep".
trap '' PIPE HUP
scratch=$1; shift
exec 3<&0 </dev/null
"$@" 3<&- >&2 & server=$!
echo "pid $server"
(
    while read -r signal more <&3; do kill -s "$signal" "$server" $more; done
    kill -s QUIT "$server"
) >/dev/null 2>&1 & reader=$!
wait "$server"; code=$?
# End the reader before reading the rest of its lines. It is safe to kill: all it could still do is
# to signal a server that has stopped.
kill -s KILL "$reader" 2>/dev/null; wait "$reader" 2>/dev/null
echo "exit $code" 2>/dev/null
while read -r line <&3; do [ "$line" = keep ] && scratch=; done
[ -n "$scratch" ] && rm -rf "$scratch"
exit 0
