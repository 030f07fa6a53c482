# shellcheck shell=bash
# What a build needs. Sourced after packages.sh.

# librdkafka is compiled from source: a C and C++ compiler, make, and the headers of what it links.
# shellcheck disable=SC2034
readonly BUILD_PACKAGES=(gcc g++ libc6-dev make pkg-config libssl-dev zlib1g-dev)

# rustup puts cargo where a new shell finds it and the present one may not.
need_cargo() {
    have_command cargo || PATH=$PATH:${CARGO_HOME:-$HOME/.cargo}/bin
    have_command cargo || die "cargo is missing. Install Rust with rustup (https://rustup.rs), then run this again."
}

target_directory() {
    cargo metadata --format-version 1 --no-deps --locked | sed -n 's/.*"target_directory":"\([^"]*\)".*/\1/p'
}

readonly CARGO_DENY_VERSION=0.20.2

# Sets CARGO_DENY. Another version that the user has for himself is left alone.
need_cargo_deny() {
    local home=${XDG_CACHE_HOME:-${HOME:-/tmp}/.cache}/birdfeed/cargo-deny-$CARGO_DENY_VERSION
    CARGO_DENY=$(command -v cargo-deny || echo "$home/bin/cargo-deny")
    is_cargo_deny "$CARGO_DENY" && return
    CARGO_DENY=$home/bin/cargo-deny
    is_cargo_deny "$CARGO_DENY" && return
    need_packages "${BUILD_PACKAGES[@]}"
    say "installing cargo-deny $CARGO_DENY_VERSION, which takes some minutes"
    cargo install --locked --quiet --root "$home" "cargo-deny@$CARGO_DENY_VERSION"
}

is_cargo_deny() { [[ $("$1" --version 2>/dev/null) == "cargo-deny $CARGO_DENY_VERSION" ]]; }
