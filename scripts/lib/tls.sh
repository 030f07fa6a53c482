# shellcheck shell=bash
# A certificate authority that signs one server: 127.0.0.1 and localhost. For tests only.

# make_certificates DIR: ca.pem, server.pem (certificate) and server.key (PKCS#8), once.
make_certificates() {
    local dir=$1
    [[ ! -s $dir/server.pem ]] || return 0
    (umask 077 && mkdir -p "$dir")
    local key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
    openssl req -x509 "${key[@]}" -keyout "$dir/ca.key" -out "$dir/ca.pem" -days 30 \
        -subj "/CN=birdfeed test CA" 2>/dev/null
    openssl req "${key[@]}" -keyout "$dir/server.key" -out "$dir/server.csr" -subj "/CN=localhost" 2>/dev/null
    printf 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n' >"$dir/server.ext"
    openssl x509 -req -in "$dir/server.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial \
        -days 30 -extfile "$dir/server.ext" -out "$dir/server.pem" 2>/dev/null
}
