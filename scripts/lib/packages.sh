# shellcheck shell=bash
# Makes sure that Debian packages are there. Sourced by the scripts beside it.
#
# A package counts as there when what it is wanted for works, however it came: a JDK unpacked by hand
# is as good as Debian's. Only what is missing is installed, and only on Debian or its children, as
# root or through sudo. Elsewhere the missing ones are named and the script ends with 69.

readonly EX_UNAVAILABLE=69

# Services that come with our packages. Nobody asked for them: they are neither started nor enabled.
readonly UNWANTED_SERVICES="rabbitmq-server prometheus epmd"

say() { printf '%s\n' "$*" >&2; }

die() {
    say "$(basename "$0"): $*"
    exit "$EX_UNAVAILABLE"
}

have_command() { command -v "$1" >/dev/null 2>&1; }

have_header() { printf '#include <%s>\n' "$1" | cc -E - >/dev/null 2>&1; }

have_library() { have_header "$2" || { have_command pkg-config && pkg-config --exists "$1"; }; }

java_major() { java -version 2>&1 | sed -n 's/.* version "\([0-9]*\).*/\1/p' | head -n 1; }

have_java() {
    local major
    have_command java && major=$(java_major) && [[ -n $major ]] && ((major >= 17))
}

# Debian keeps the script that runs as any user here; the one on its PATH insists on its own user.
rabbitmq_program() {
    local debian=/usr/lib/rabbitmq/bin/$1
    if [[ -x $debian ]]; then echo "$debian"; else command -v "$1"; fi
}

# have_package NAME: does what the package is for work?
have_package() {
    case $1 in
    libc6-dev) have_header stdlib.h ;;
    libssl-dev) have_library openssl openssl/ssl.h ;;
    zlib1g-dev) have_library zlib zlib.h ;;
    default-jre-headless) have_java ;;
    default-jdk-headless) have_java && have_command javac ;;
    dpkg-dev) have_command dpkg-shlibdeps ;;
    maven) have_command mvn ;;
    chromium-driver) have_command chromedriver ;;
    prometheus) have_command promtool ;;
    python3-venv) python3 -c 'import ensurepip, venv' 2>/dev/null ;;
    systemd) have_command systemd-analyze ;;
    docker.io) have_command dockerd ;;
    iproute2) have_command ip ;;
    rabbitmq-server) rabbitmq_program rabbitmq-server >/dev/null && have_command epmd ;;
    *) have_command "$1" ;;
    esac
}

# missing_packages NAME...: prints those that are not there.
missing_packages() {
    local name
    for name in "$@"; do
        have_package "$name" || echo "$name"
    done
}

# Prints the prefix that makes a command run as root; fails when there is none. Without a terminal
# nobody can type a password, so sudo must then work without one.
root_prefix() {
    if [[ $(id -u) == 0 ]]; then
        echo env
    elif have_command sudo && { [[ -t 0 ]] || sudo -n true 2>/dev/null; }; then
        echo sudo
    else
        return 1
    fi
}

# Runs as root, once, with the names of the packages. A policy that is already there stands.
INSTALL_AS_ROOT=$(
    cat <<'ROOT'
set -eu
policy=/usr/sbin/policy-rc.d
services=$1
shift
if [ ! -e "$policy" ]; then
    trap 'rm -f "$policy"' EXIT
    printf '#!/bin/sh\ncase " %s " in *" ${1%%%%.*} "*) exit 101 ;; esac\nexit 0\n' "$services" >"$policy"
    chmod 755 "$policy"
fi
export DEBIAN_FRONTEND=noninteractive
install() { apt-get install -y -q --no-install-recommends -o DPkg::Lock::Timeout=300 "$@"; }
# The lists may be there and fresh enough: ask for new ones only when the first try fails.
install "$@" || { apt-get update -q -o DPkg::Lock::Timeout=300 && install "$@"; }
if command -v systemctl >/dev/null; then
    for service in $services; do
        case " $* " in *" $service "*) systemctl disable --quiet "$service" || true ;; esac
    done
fi
ROOT
)
readonly INSTALL_AS_ROOT

install_packages() {
    local prefix=$1 log
    shift
    log=$(mktemp)
    say "installing: $*"
    if ! "$prefix" sh -c "$INSTALL_AS_ROOT" install "$UNWANTED_SERVICES" "$@" >"$log" 2>&1 </dev/null; then
        tail -n 20 "$log" >&2
        die "apt-get could not install: $* (whole log: $log)"
    fi
    rm -f "$log"
}

# need_packages NAME...: returns when all are there. Says nothing when nothing is to be done.
need_packages() {
    local missing prefix
    # Names of packages hold no spaces, and the bash of macOS has no mapfile.
    # shellcheck disable=SC2207
    missing=($(missing_packages "$@"))
    ((${#missing[@]} > 0)) || return 0
    have_command apt-get ||
        die "missing: ${missing[*]} (Debian's names; this system has no apt-get, please install their like)"
    prefix=$(root_prefix) ||
        die "missing: ${missing[*]}. Run as root: apt-get install --no-install-recommends ${missing[*]}"
    install_packages "$prefix" "${missing[@]}"
    # shellcheck disable=SC2207
    missing=($(missing_packages "$@"))
    ((${#missing[@]} == 0)) || die "installed, but still not usable: ${missing[*]}"
}
