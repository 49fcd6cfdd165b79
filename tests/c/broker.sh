#!/usr/bin/env bash
# Runs a command with a mosquitto that speaks TLS beside it: TLS_PORT, TLS_CA, and TLS_OTHER_CA, which the broker's
# certificate is not of.
set -euo pipefail
export PATH=$PATH:/usr/sbin

folder=$(mktemp -d)
broker=
finish() {
    [ -z "$broker" ] || kill "$broker" 2>/dev/null || true
    wait
    rm -rf "$folder"
}
trap finish EXIT

make_ca() {
    openssl req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -days 2 \
        -subj "/CN=atmqtt test $1" -addext basicConstraints=critical,CA:TRUE \
        -keyout "$folder/$1.key" -out "$folder/$1.pem" 2>/dev/null
}
make_ca ca
make_ca other
openssl req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -subj /CN=localhost \
    -keyout "$folder/server.key" -out "$folder/server.csr" 2>/dev/null
openssl x509 -req -in "$folder/server.csr" -CA "$folder/ca.pem" -CAkey "$folder/ca.key" -CAcreateserial -days 2 \
    -extfile <(echo 'subjectAltName=DNS:localhost') -out "$folder/server.pem" 2>/dev/null

TLS_PORT=$(python3 -c 'import socket; s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$folder/mosquitto.conf" <<END
listener $TLS_PORT 127.0.0.1
allow_anonymous true
certfile $folder/server.pem
keyfile $folder/server.key
user $(id -un)
END
mosquitto -c "$folder/mosquitto.conf" 2>"$folder/log" &
broker=$!
# Until it listens, or has died.
until (: <>"/dev/tcp/127.0.0.1/$TLS_PORT") 2>/dev/null; do
    kill -0 "$broker" 2>/dev/null || { cat "$folder/log" >&2; exit 1; }
    sleep 0.05
done

export TLS_PORT TLS_CA=$folder/ca.pem TLS_OTHER_CA=$folder/other.pem
"$@"
