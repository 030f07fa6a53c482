# shellcheck shell=bash
# A certificate authority that signs one server, 127.0.0.1 and localhost, and one client, bird. For tests only.

# make_certificates DIR: ca.pem, server.pem and client.pem (certificates) with server.key and client.key (PKCS#8), once.
make_certificates() {
    local dir=$1
    [[ ! -s $dir/server.pem ]] || return 0
    (umask 077 && mkdir -p "$dir")
    local key=(-newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes)
    openssl req -x509 "${key[@]}" -keyout "$dir/ca.key" -out "$dir/ca.pem" -days 30 \
        -subj "/CN=birdfeed test CA" 2>/dev/null
    make_certificate "$dir" client bird 'extendedKeyUsage=clientAuth\n'
    make_certificate "$dir" server localhost 'subjectAltName=IP:127.0.0.1,DNS:localhost\nextendedKeyUsage=serverAuth\n'
}

# make_certificate DIR NAME SUBJECT EXTENSIONS: NAME.pem and NAME.key, signed by the authority in DIR.
make_certificate() {
    local dir=$1 name=$2 subject=$3 extensions=$4
    openssl req -newkey ec -pkeyopt ec_paramgen_curve:P-256 -nodes -keyout "$dir/$name.key" -out "$dir/$name.csr" \
        -subj "/CN=$subject" 2>/dev/null
    # shellcheck disable=SC2059
    printf "$extensions" >"$dir/$name.ext"
    openssl x509 -req -in "$dir/$name.csr" -CA "$dir/ca.pem" -CAkey "$dir/ca.key" -CAcreateserial \
        -days 30 -extfile "$dir/$name.ext" -out "$dir/$name.pem" 2>/dev/null
}
