# shellcheck shell=bash
# Processes by their pid files, ports that are free, and waiting with a deadline.

# Ports handed out, each a link to the folder that has it: two brokers that start at the same moment
# cannot be given the same one. A link whose folder is gone is free again.
RESERVED=${TMPDIR:-/tmp}/birdfeed-ports-$(id -u)
readonly RESERVED

# Below the ephemeral range (32768-60999), where any outgoing connection may sit on a port.
readonly FIRST_PORT=12000 LAST_PORT=31999

port_answers() { (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; }

# free_port DIR: reserves a port for DIR and prints it.
free_port() {
    local dir=$1 port try
    (umask 077 && mkdir -p "$RESERVED")
    for try in {1..100}; do
        port=$((FIRST_PORT + (RANDOM * 32768 + RANDOM) % (LAST_PORT - FIRST_PORT + 1)))
        [[ -d $RESERVED/$port ]] || rm -f "$RESERVED/$port"
        ln -sn "$dir" "$RESERVED/$port" 2>/dev/null || continue
        port_answers "$port" || { echo "$port" && return; }
        rm -f "$RESERVED/$port"
    done
    die "no free port between $FIRST_PORT and $LAST_PORT after $try tries"
}

release_ports() {
    local dir=$1 link
    for link in "$RESERVED"/*; do
        [[ $(readlink "$link") != "$dir" ]] || rm -f "$link"
    done
}

command_line() {
    if [[ -d /proc/self ]]; then
        tr '\0' ' ' 2>/dev/null <"/proc/$1/cmdline"
    else
        ps -o args= -p "$1"
    fi
}

# running PIDFILE MARK: prints the pid if that process lives and is ours. MARK stands in its command
# line: after a reboot the number may belong to a stranger.
running() {
    local pid
    [[ -s $1 ]] && pid=$(<"$1") && kill -0 "$pid" 2>/dev/null || return 1
    [[ $(command_line "$pid") == *"$2"* ]] && echo "$pid"
}

# detach LOG PIDFILE COMMAND...: starts it with a session of its own, holding none of our files: who
# reads our output must see its end when we end.
detach() {
    local log=$1 pidfile=$2
    shift 2
    local session=(nohup)
    ! have_command setsid || session=(setsid)
    "${session[@]}" "$@" >>"$log" 2>&1 </dev/null 3>&- &
    echo $! >"$pidfile"
}

# wait_until SECONDS COMMAND...: 0 as soon as the command succeeds, 1 after that time.
wait_until() {
    local deadline=$((SECONDS + $1))
    shift
    until "$@"; do
        ((SECONDS < deadline)) || return 1
        sleep 0.1
    done
}

# expect WHAT SECONDS COMMAND...: says when it holds, and ends the script if it does not in time.
expect() {
    local what=$1 seconds=$2
    shift 2
    wait_until "$seconds" "$@" || die "not: $what"
    say "ok: $what (at $SECONDS s)"
}

is_gone() { ! kill -0 "$1" 2>/dev/null; }

# stop_process PIDFILE MARK SECONDS: SIGTERM, then SIGKILL if that is not enough.
stop_process() {
    local pid
    pid=$(running "$1" "$2") || return 0
    kill "$pid" 2>/dev/null || true
    wait_until "$3" is_gone "$pid" || kill_process "$1" "$2"
    rm -f "$1"
}

# kill_process PIDFILE MARK: SIGKILL, and waits until the process is gone.
kill_process() {
    local pid
    pid=$(running "$1" "$2") || return 0
    kill -9 "$pid" 2>/dev/null || true
    wait_until 10 is_gone "$pid" || die "process $pid does not go away"
}

# fail_with_log LOG MESSAGE: the message, the end of the log, exit.
fail_with_log() {
    say "--- end of $1"
    tail -n 30 "$1" >&2 || true
    die "$2"
}
