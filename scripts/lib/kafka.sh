# shellcheck shell=bash
# One Apache Kafka broker (KRaft, controller and broker in one process) in a folder of its own.
#
# DIR/kafka: server.properties (its presence means: formatted), address, pid, log, data.

readonly KAFKA_VERSION=4.4.0
readonly KAFKA_PACKAGES=(default-jre-headless maven)
KAFKA_CACHE=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/birdfeed
readonly KAFKA_JARS=$KAFKA_CACHE/kafka-$KAFKA_VERSION

# Maven copies the jars beside their final place; the rename makes them all appear at once, and
# whoever comes second in a race throws its copy away.
kafka_fetch_jars() {
    [[ ! -d $KAFKA_JARS ]] || return 0
    local fresh log
    mkdir -p "$KAFKA_CACHE"
    fresh=$(mktemp -d "$KAFKA_CACHE/fetch.XXXXXX")
    log=$fresh.log
    say "fetching Apache Kafka $KAFKA_VERSION into $KAFKA_JARS"
    mvn -q -B -f "$SCRIPTS/kafka/pom.xml" dependency:copy-dependencies -DoutputDirectory="$fresh" >"$log" 2>&1 </dev/null ||
        { rm -rf "$fresh" && fail_with_log "$log" "Maven could not fetch Kafka's jars"; }
    chmod 755 "$fresh"
    mv -T "$fresh" "$KAFKA_JARS" 2>/dev/null || rm -rf "$fresh"
    rm -f "$log"
}

kafka_java() { java -XX:+UseSerialGC -XX:TieredStopAtLevel=1 -cp "$KAFKA_JARS/*" "$@"; }

# The two heartbeat lines let a broker that was killed come back in 3 s instead of 12: the
# registration of its former life has to expire first.
kafka_plain_properties() {
    local dir=$1 port=$2 controller=$3
    cat <<PROPERTIES
process.roles=broker,controller
node.id=1
controller.quorum.voters=1@127.0.0.1:$controller
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller
advertised.listeners=PLAINTEXT://127.0.0.1:$port
controller.listener.names=CONTROLLER
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT
log.dirs=$dir/data
offsets.topic.replication.factor=1
transaction.state.log.replication.factor=1
transaction.state.log.min.isr=1
share.coordinator.state.topic.replication.factor=1
share.coordinator.state.topic.min.isr=1
group.initial.rebalance.delay.ms=0
broker.session.timeout.ms=1500
broker.heartbeat.interval.ms=300
PROPERTIES
}

# A further listener with TLS and passwords: user bird, password feed, by PLAIN or SCRAM-SHA-512.
# Repeated keys: in a properties file the last one counts.
kafka_secure_properties() {
    local dir=$1 port=$2 controller=$3 secure=$4 module=org.apache.kafka.common.security
    cat <<PROPERTIES
listeners=PLAINTEXT://127.0.0.1:$port,CONTROLLER://127.0.0.1:$controller,SECURE://127.0.0.1:$secure
advertised.listeners=PLAINTEXT://127.0.0.1:$port,SECURE://127.0.0.1:$secure
listener.security.protocol.map=CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT,SECURE:SASL_SSL
ssl.keystore.type=PEM
ssl.keystore.location=$dir/keystore.pem
sasl.enabled.mechanisms=PLAIN,SCRAM-SHA-512
listener.name.secure.plain.sasl.jaas.config=$module.plain.PlainLoginModule required user_bird="feed";
listener.name.secure.scram-sha-512.sasl.jaas.config=$module.scram.ScramLoginModule required;
PROPERTIES
}

# kafka_configure DIR SECURE(yes|no): ports, properties, formatted storage; once per DIR.
kafka_configure() {
    local base=$1 dir=$1/kafka secure=$2 port controller cluster extra=()
    [[ ! -s $dir/server.properties ]] || return 0
    rm -rf "$dir" && mkdir -p "$dir"
    port=$(free_port "$base") && controller=$(free_port "$base")
    echo "BIRDFEED_TEST_KAFKA=127.0.0.1:$port" >"$dir/address"
    kafka_plain_properties "$dir" "$port" "$controller" >"$dir/new.properties"
    if [[ $secure == yes ]]; then
        kafka_add_secure "$base" "$port" "$controller"
        extra=(--add-scram 'SCRAM-SHA-512=[name=bird,password=feed]')
    fi
    # A cluster id is 16 bytes in base64, 22 characters; a leading '-' would look like an option.
    cluster=$(head -c 16 /dev/urandom | base64 | tr '+/' 'AB' | cut -c 1-22)
    kafka_java kafka.tools.StorageTool format -t "$cluster" -c "$dir/new.properties" "${extra[@]}" >"$dir/format.log" 2>&1 ||
        fail_with_log "$dir/format.log" "Kafka's storage could not be formatted"
    mv "$dir/new.properties" "$dir/server.properties"
}

kafka_add_secure() {
    local base=$1 dir=$1/kafka port=$2 controller=$3 secure
    make_certificates "$base/tls"
    cat "$base/tls/server.key" "$base/tls/server.pem" >"$dir/keystore.pem"
    secure=$(free_port "$base")
    kafka_secure_properties "$dir" "$port" "$controller" "$secure" >>"$dir/new.properties"
    {
        echo "BIRDFEED_TEST_KAFKA_SECURE=127.0.0.1:$secure"
        printf 'BIRDFEED_TEST_KAFKA_CA=%q\n' "$base/tls/ca.pem"
    } >>"$dir/address"
}

# kafka_metadata PORT BYTES: asks for the metadata of all topics (version 4); prints that much of the answer.
kafka_metadata() {
    (
        exec 3<>"/dev/tcp/127.0.0.1/$1" || exit 1
        printf '\0\0\0\17\0\3\0\4\0\0\0\1\377\377\377\377\377\377\0' >&3
        timeout 2 head -c "$2" <&3
    ) 2>/dev/null
}

# Length, correlation id and throttle time have 4 bytes each; then comes the number of brokers, here 1.
kafka_answers() { [[ $(kafka_metadata "$1" 16 | od -An -tu1 -j 12 2>/dev/null) == *1 ]]; }

kafka_port() { sed -n 's/^BIRDFEED_TEST_KAFKA=.*://p' "$1/kafka/address" 2>/dev/null; }

kafka_pid() { running "$1/kafka/pid" "$1/kafka/server.properties"; }

kafka_ready_or_dead() { kafka_answers "$(kafka_port "$1")" || is_gone "$(<"$1/kafka/pid")"; }

# kafka_up DIR: starts a configured broker and returns when it serves.
kafka_up() {
    local base=$1 dir=$1/kafka
    ! kafka_pid "$base" >/dev/null || return 0
    detach "$dir/log" "$dir/pid" java -Xmx256m -XX:+UseSerialGC -XX:TieredStopAtLevel=1 \
        -cp "$KAFKA_JARS/*" kafka.Kafka "$dir/server.properties"
    wait_until 60 kafka_ready_or_dead "$base" || fail_with_log "$dir/log" "Kafka was not ready within 60 s"
    kafka_pid "$base" >/dev/null || fail_with_log "$dir/log" "Kafka ended while starting"
}

kafka_start() {
    need_packages "${KAFKA_PACKAGES[@]}"
    kafka_fetch_jars
    kafka_configure "$1" "$2"
    kafka_up "$1"
}

kafka_stop() { stop_process "$1/kafka/pid" "$1/kafka/server.properties" 20; }

kafka_kill() { kill_process "$1/kafka/pid" "$1/kafka/server.properties"; }

kafka_version() { echo "Apache Kafka $KAFKA_VERSION"; }
