# shellcheck shell=bash
# One RabbitMQ node in a folder of its own, beside whatever RabbitMQ the system runs.
#
# DIR/rabbitmq: rabbitmq.conf (its presence means: configured), address, ports, pid, log, mnesia. It has an epmd of its own,
# on loopback like the node: the system's epmd and the usual ports are not touched.

readonly RABBITMQ_PACKAGES=(rabbitmq-server)
readonly RABBITMQ_LOOPBACK='-kernel inet_dist_use_interface {127,0,0,1}'

# rabbitmq_environment DIR: exports what makes the node ours; for a subshell.
rabbitmq_environment() {
    local dir=$1/rabbitmq
    export HOME=$dir RABBITMQ_NODENAME=birdfeed@localhost RABBITMQ_CONF_ENV_FILE=/dev/null
    export RABBITMQ_CONFIG_FILE=$dir/rabbitmq.conf RABBITMQ_ENABLED_PLUGINS_FILE=$dir/enabled_plugins
    export RABBITMQ_MNESIA_BASE=$dir/mnesia RABBITMQ_LOG_BASE=$dir/log RABBITMQ_PID_FILE=$dir/own.pid
    export RABBITMQ_FEATURE_FLAGS_FILE=$dir/feature_flags RABBITMQ_GENERATED_CONFIG_DIR=$dir/generated
    export RABBITMQ_PLUGINS_EXPAND_DIR=$dir/plugins
    export RABBITMQ_SERVER_ADDITIONAL_ERL_ARGS=$RABBITMQ_LOOPBACK RABBITMQ_CTL_ERL_ARGS=$RABBITMQ_LOOPBACK
    export ERL_EPMD_ADDRESS=127.0.0.1
    RABBITMQ_DIST_PORT=$(<"$dir/dist.port")
    ERL_EPMD_PORT=$(<"$dir/epmd.port")
    export RABBITMQ_DIST_PORT ERL_EPMD_PORT
}

rabbitmq_plain_conf() {
    cat <<CONF
listeners.tcp.1 = 127.0.0.1:$1
loopback_users.guest = false
disk_free_limit.absolute = 50MB
CONF
}

rabbitmq_secure_conf() {
    cat <<CONF
listeners.ssl.1 = 127.0.0.1:$1
ssl_options.cacertfile = $2/ca.pem
ssl_options.certfile = $2/server.pem
ssl_options.keyfile = $2/server.key
ssl_options.verify = verify_none
ssl_options.fail_if_no_peer_cert = false
CONF
}

# rabbitmq_configure DIR SECURE(yes|no): ports and configuration; once per DIR.
rabbitmq_configure() {
    local base=$1 dir=$1/rabbitmq secure=$2 port
    [[ ! -s $dir/rabbitmq.conf ]] || return 0
    rm -rf "$dir" && mkdir -p "$dir/log"
    echo '[].' >"$dir/enabled_plugins"
    free_port "$base" >"$dir/dist.port"
    free_port "$base" >"$dir/epmd.port"
    port=$(free_port "$base")
    echo "BIRDFEED_TEST_AMQP=amqp://guest:guest@127.0.0.1:$port/%2f" >"$dir/address"
    rabbitmq_plain_conf "$port" >"$dir/new.conf"
    [[ $secure == no ]] || rabbitmq_add_secure "$base"
    mv "$dir/new.conf" "$dir/rabbitmq.conf"
}

rabbitmq_add_secure() {
    local base=$1 dir=$1/rabbitmq port
    make_certificates "$base/tls"
    port=$(free_port "$base")
    rabbitmq_secure_conf "$port" "$base/tls" >>"$dir/new.conf"
    {
        echo "BIRDFEED_TEST_AMQP_SECURE=amqps://guest:guest@127.0.0.1:$port/%2f"
        printf 'BIRDFEED_TEST_AMQP_CA=%q\n' "$base/tls/ca.pem"
    } >>"$dir/address"
}

# rabbitmq_hello PORT: says hello as an AMQP 0-9-1 client; prints the answer, or what of it came first.
rabbitmq_hello() {
    (
        exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
        printf 'AMQP\0\0\11\1' >&3
        timeout 2 dd bs=1024 count=1 <&3
    ) 2>/dev/null
}

# The first byte of the answer is 1, a method frame, once the node serves.
rabbitmq_answers() { [[ $(rabbitmq_hello "$1" | od -An -tu1 -N 1) == *1 ]]; }

rabbitmq_port() { sed -n 's|^BIRDFEED_TEST_AMQP=.*:\([0-9]*\)/.*|\1|p' "$1/rabbitmq/address" 2>/dev/null; }

rabbitmq_pid() { running "$1/rabbitmq/pid" "$1/rabbitmq"; }

rabbitmq_ready_or_dead() { rabbitmq_answers "$(rabbitmq_port "$1")" || is_gone "$(<"$1/rabbitmq/pid")"; }

epmd_up() {
    local dir=$1/rabbitmq port
    port=$(<"$dir/epmd.port")
    ! running "$dir/epmd.pid" "$port" >/dev/null || return 0
    detach "$dir/epmd.log" "$dir/epmd.pid" epmd -address 127.0.0.1 -port "$port"
    wait_until 10 port_answers "$port" || fail_with_log "$dir/epmd.log" "epmd did not start"
}

# rabbitmq_up DIR: starts a configured node and returns when it serves.
#
# RUNNING_UNDER_SYSTEMD makes RabbitMQ's script become the node instead of its parent, so that the pid
# is the node's from the first moment. The argument -birdfeed means nothing to Erlang; it marks the
# process as this folder's.
rabbitmq_up() {
    local base=$1 dir=$1/rabbitmq program
    ! rabbitmq_pid "$base" >/dev/null || return 0
    program=$(rabbitmq_program rabbitmq-server)
    epmd_up "$base"
    (
        rabbitmq_environment "$base"
        export RUNNING_UNDER_SYSTEMD=true
        detach "$dir/log/console" "$dir/pid" "$program" -birdfeed "$dir"
    )
    wait_until 90 rabbitmq_ready_or_dead "$base" || fail_with_log "$dir/log/console" "RabbitMQ was not ready within 90 s"
    rabbitmq_pid "$base" >/dev/null || fail_with_log "$dir/log/console" "RabbitMQ ended while starting"
}

rabbitmq_start() {
    need_packages "${RABBITMQ_PACKAGES[@]}"
    rabbitmq_configure "$1" "$2"
    rabbitmq_up "$1"
}

rabbitmq_stop() {
    stop_process "$1/rabbitmq/pid" "$1/rabbitmq" 20
    stop_process "$1/rabbitmq/epmd.pid" "$(<"$1/rabbitmq/epmd.port")" 5
}

# Whether the node would find its quorum queues again. It writes a queue's name down half a second after the declaration
# (ra_directory's auto_save; so in 3.10.8 and in 4.x): killed before, it comes back with an empty queue in the place of the
# one that it had confirmed messages for, and that queue never has a leader.
rabbitmq_knows_its_queues() {
    local queue
    for queue in "$1"/rabbitmq/mnesia/*/quorum/*/*/; do
        [[ ! -d $queue ]] || grep -qF "$(basename "$queue")" "$(dirname "$queue")/names.dets" || return 1
    done
}

# rabbitmq_kill DIR: kill -9, at a moment that the node itself can survive.
rabbitmq_kill() {
    ! rabbitmq_pid "$1" >/dev/null || wait_until 10 rabbitmq_knows_its_queues "$1" || say "RabbitMQ will have lost a queue"
    kill_process "$1/rabbitmq/pid" "$1/rabbitmq"
}

# rabbitmq_control DIR ARGS...: rabbitmqctl of this node.
rabbitmq_control() {
    local base=$1 program
    shift
    program=$(rabbitmq_program rabbitmqctl) || die "rabbitmqctl is missing"
    (rabbitmq_environment "$base" && exec "$program" "$@")
}

# The node tells its version to whoever says hello.
rabbitmq_version() {
    local hello
    hello=$(rabbitmq_hello "$(rabbitmq_port "$1")" | LC_ALL=C tr -c '[:print:]' ' ')
    read -r hello _ <<<"${hello#*versionS}"
    echo "RabbitMQ $hello"
}
