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
