#!/usr/bin/env bash
# Sets up and runs the gateway beside three simulated town halls, prints requests to try, stops everything on Ctrl-C.
#
#   make run                       or scripts/run.sh
#   make run PORT=8444 OPERATOR_PORT=9444 SIMULATOR_PORT=19000 PROFILE=release
#
# What it makes (database, logs, the view of Como) is below var/como, the certificates are in certs/dev; a second run goes on
# with both. PROFILE is dev unless told: it is built in half the time of a release and shared with `make test`.
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

readonly PORT=${PORT:-8443} OPERATOR_PORT=${OPERATOR_PORT:-9443} SIMULATOR_PORT=${SIMULATOR_PORT:-18100} PROFILE=${PROFILE:-dev}
readonly EXAMPLE=config/examples/como STATE=var/como
readonly DEFAULT_SIMULATOR_PORT=18100
readonly READY_SECONDS=20

fail() { printf '\nmake run: %s\n' "$*" >&2; exit 1; }
step() { printf -- '── %s\n' "$*"; }

# Every process by its own id, the gateway first, so that what is in flight is still answered by the simulators.
gateway=0 simulators=0
stop() {
    trap '' INT TERM
    local one
    for one in $gateway $simulators; do
        if ((one > 0)) && kill -TERM "$one" 2>/dev/null; then wait "$one" 2>/dev/null || true; fi
    done
}
trap stop EXIT
trap 'exit 0' INT TERM

# free PORT WHOSE SETTING ANOTHER: the port must be free; if not, ANOTHER is proposed for SETTING.
free() {
    (($1 > 0 && $1 < 65536)) || fail "there is no port $1 ($2): choose another $3"
    if (exec 3<>"/dev/tcp/127.0.0.1/$1") 2>/dev/null; then
        fail "port $1 ($2) is taken by another program; choose another one: make run $3=$4"
    fi
}

# wait_for PID FILE PATTERN NAME: until the program has written the line that says that it is ready.
wait_for() {
    local tenths=$((READY_SECONDS * 10))
    until grep -q "$3" "$2" 2>/dev/null; do
        kill -0 "$1" 2>/dev/null || { cat "$2" "$2.err" >&2; fail "$4 ended at once: see above"; }
        ((tenths-- > 0)) || { cat "$2" "$2.err" >&2; fail "$4 was not ready within $READY_SECONDS seconds"; }
        sleep 0.1
    done
}

check_ports() {
    local one offset
    for one in PORT OPERATOR_PORT SIMULATOR_PORT; do
        [[ ${!one} =~ ^[1-9][0-9]{0,4}$ ]] || fail "$one is '${!one}', which is no port"
    done
    free "$PORT" "the portals' door" PORT $((PORT + 1))
    free "$OPERATOR_PORT" "the operators' door" OPERATOR_PORT $((OPERATOR_PORT + 1))
    for offset in {0..9}; do free $((SIMULATOR_PORT + offset)) 'a simulated town hall' SIMULATOR_PORT $((SIMULATOR_PORT + 100)); done
}

# One run at a time in one folder: the record and the logs are there. The programs hold the lock too, as long as they live.
lock() {
    mkdir -p "$STATE"
    exec {lock}>"$STATE/lock"
    flock --nonblock "$lock" || fail "another run goes on in this folder (its state is $STATE): stop it first, or clone again elsewhere"
}

prepare() {
    scripts/install-debian-packages.sh build run
    command -v cargo >/dev/null || fail 'cargo is missing: install Rust from https://rustup.rs, then run this again'
    step 'certificates'
    certs/make.sh
    step "build (profile $PROFILE; the first time takes some minutes)"
    cargo build --locked --workspace --bins --profile "$PROFILE"
}

# seed: secrets and the view of Como, where the example's configuration looks for them.
seed() {
    mkdir -p "$STATE/segreti" "$STATE/record"
    # The simulators' published passwords: d1-prova-b639 in the file d1-b639. Real ones come from whoever runs the back end.
    local secret
    for secret in $(grep -oh 'segreti/[a-z0-9-]*' "$EXAMPLE"/istanze/*.toml | sort -u); do
        secret=${secret#segreti/}
        local content=${secret/-/-prova-}
        if [[ $secret == d5-* ]]; then
            printf -v content '%-40s' "$content"
            content=${content// /0}
        fi
        printf %s "$content" >"$STATE/segreti/$secret"
    done
    # Made anew at every run: some of its cases happened "today".
    step 'the registry of Como (SQLite)'
    rm -f "$STATE/como.db.new"
    "$PROGRAMS/simulators" seed-view --url "sqlite:$PWD/$STATE/como.db.new"
    mv -f "$STATE/como.db.new" "$STATE/como.db"
}

# deliver: the nightly files of today, from the municipalities that send some; their copies are made in the first seconds.
deliver() {
    local enti
    mapfile -t enti < <(awk -F'"' '/^codice_belfiore/ { code = $2 } /^servizi.anagrafe.instance = "notturni-/ { print "--ente"; print code }' \
        "$EXAMPLE"/enti/*.toml)
    step "nightly files of $((${#enti[@]} / 2)) municipalities"
    mkdir -p "$STATE/notturni"
    rm -f "$STATE"/notturni/*
    "$PROGRAMS/simulators" night-files --folder "$STATE/notturni" --markers "${enti[@]}"
}

configure() {
    export PONTILE__PORTAL_DOOR__ADDRESS="127.0.0.1:$PORT" PONTILE__OPERATOR_DOOR__ADDRESS="127.0.0.1:$OPERATOR_PORT"
    export PONTILE__LOG__FILE="$PWD/$STATE/pontile.log"
    if ((SIMULATOR_PORT != DEFAULT_SIMULATOR_PORT)); then
        rm -rf "$STATE/istanze"
        mkdir -p "$STATE/istanze"
        local file offset
        for file in "$EXAMPLE"/istanze/*.toml; do
            sed -e "$(for offset in {1..9}; do
                echo "s#127.0.0.1:1810$offset#127.0.0.1:$((SIMULATOR_PORT + offset))#"
            done)" \
                -e "s#\.\./\.\./\.\./\.\./var/como/#$PWD/$STATE/#" "$file" >"$STATE/istanze/${file##*/}"
        done
        export PONTILE__FILES__INSTANCES="[\"$PWD/$STATE/istanze/*.toml\"]"
    fi
}

# token: a token in SoftHSM with the keys that sign and seal, made once; a real card needs only another [[key]] (docs/cards.md).
token() {
    local token=$PWD/$STATE/token
    export SOFTHSM2_CONF=$token/softhsm2.conf
    mkdir -p "$token/tokens"
    printf 'directories.tokendir = %s\nlog.level = ERROR\n' "$token/tokens" >"$SOFTHSM2_CONF"
    if [[ ! -s $token/modi.pem ]]; then
        step 'keys that sign and seal, on a token (SoftHSM)'
        rm -rf "$token/tokens" "$token"/*.pub "$token"/*.pem
        mkdir "$token/tokens"
        # Sixteen digits that nobody has to type.
        od -An -N8 -tu8 /dev/urandom | tr -d ' \n' | head -c 16 >"$token/pin"
        softhsm2-util --init-token --free --label provincia --pin "$(<"$token/pin")" --so-pin "$(<"$token/pin")" >/dev/null
    fi
    key_on_token sigillo 'Sigillo delle prove' nonRepudiation
    key_on_token modi pontile digitalSignature
}

# key_on_token <name> <common name> <use>: makes a key on the token and certifies it, if it is not there yet.
key_on_token() {
    local token=$PWD/$STATE/token name=$1
    [[ -s $token/$name.pem ]] && return
    "$PROGRAMS/pontile" --config "$EXAMPLE/pontile.toml" keys create "$name" --output "$token/$name.pub" --reason 'prova: primo avvio'
    openssl x509 -new -days 730 -subj "/C=IT/O=Provincia di Como (sviluppo)/CN=$2" -force_pubkey "$token/$name.pub" \
        -extfile <(echo "keyUsage = critical, $3") -CA certs/dev/root.pem -CAkey certs/dev/root.key -out "$token/$name.pem.new"
    mv "$token/$name.pem.new" "$token/$name.pem"
}

start() {
    step 'configuration and database'
    "$PROGRAMS/pontile" --config "$EXAMPLE/pontile.toml" migrate
    token
    "$PROGRAMS/pontile" --config "$EXAMPLE/pontile.toml" check
    step 'town halls and gateway'
    "$PROGRAMS/simulators" serve --control-port "$SIMULATOR_PORT" --port d1=$((SIMULATOR_PORT + 1)) \
        --port d2=$((SIMULATOR_PORT + 2)) --port d3=$((SIMULATOR_PORT + 3)) --port d4=$((SIMULATOR_PORT + 4)) \
        --port d4b=$((SIMULATOR_PORT + 9)) --port d6=$((SIMULATOR_PORT + 6)) \
        --port d5=$((SIMULATOR_PORT + 5)) --port d7=$((SIMULATOR_PORT + 7)) --port d8=$((SIMULATOR_PORT + 8)) >"$STATE/simulators.out" 2>"$STATE/simulators.out.err" &
    simulators=$!
    wait_for $simulators "$STATE/simulators.out" '"control"' 'the simulators'
    "$PROGRAMS/pontile" --config "$EXAMPLE/pontile.toml" serve >"$STATE/pontile.out" 2>"$STATE/pontile.out.err" &
    gateway=$!
    wait_for $gateway "$STATE/pontile.out" 'https://' 'the gateway'
}

# request DOMAIN ENTE RESOURCE PURPOSE BODY: a curl command, ready to copy.
request() {
    cat <<REQUEST
curl -sS -w '\n' --cacert certs/dev/root.pem --cert certs/dev/portale-uno.pem --key certs/dev/portale-uno.key \\
  -H 'Content-Type: application/json' -H 'Purpose-Id: $4' -d '$5' \\
  https://localhost:$PORT/rest/$1/v1/enti/$2/$3

REQUEST
}

tell() {
    local year
    year=$(date +%Y)
    cat <<INTRODUCTION

Pontile is ready: portals at https://localhost:$PORT (documents at /docs), operators at https://localhost:$OPERATOR_PORT.
The log is $STATE/pontile.log, the record $STATE/record. Copy these into another terminal, in this folder; Ctrl-C stops all.

# A person, from three municipalities: Como (SQL view), Cantù (SOAP), Erba (REST)
INTRODUCTION
    request anagrafe 013075 ricerche-persona iscrizione-asilo '{"codice_fiscale":"RSSMRA80A01C933H"}'
    request anagrafe 013041 ricerche-persona iscrizione-asilo '{"codice_fiscale":"BNCNNA75T71B639E"}'
    request anagrafe 013095 ricerche-persona iscrizione-asilo '{"codice_fiscale":"FOXLAX01B28D416I"}'
    echo '# A tax position from the same three'
    request tributi 013075 ricerche-posizione riscossione "{\"codice_fiscale\":\"RSSMRA80A01C933H\",\"tributo\":\"IMU\",\"anno\":$year}"
    request tributi 013041 ricerche-posizione riscossione "{\"codice_fiscale\":\"BNCNNA75T71B639E\",\"tributo\":\"TARI\",\"anno\":$year}"
    request tributi 013095 ricerche-posizione riscossione "{\"codice_fiscale\":\"FOXLAX01B28D416I\",\"tributo\":\"IMU\",\"anno\":$year}"
    echo '# Whether what somebody declared is so (DPR 445/2000, art. 71): a word on each statement, nothing of the record'
    request anagrafe 013075 verifiche-dichiarazione controllo-dichiarazioni \
        '{"codice_fiscale":"RSSMRA80A01C933H","dichiarazioni":{"in_vita":true,"residenza":{"comune":{"codice_istat":"013075"},"indirizzo":"Via Roma"}}}'
    cat <<SIGNED
# An answer signed with a key that lives on a token (portale-due): Digest and Agid-JWT-Signature
curl -sS -i -w '\n' --cacert certs/dev/root.pem --cert certs/dev/portale-due.pem --key certs/dev/portale-due.key \\
  -H 'Content-Type: application/json' -H 'Purpose-Id: riscossione' -d '{"codice_fiscale":"BNCNNA75T71B639E","tributo":"TARI","anno":$year}' \\
  https://localhost:$PORT/rest/tributi/v1/enti/013041/ricerche-posizione

SIGNED
    cat <<LATER
# An answer that comes later (Albiolo): 202, and some seconds on the answer is where its Location says, here below
curl -sS -i -w '\n' --cacert certs/dev/root.pem --cert certs/dev/portale-uno.pem --key certs/dev/portale-uno.key \\
  -H 'Content-Type: application/json' -H 'Purpose-Id: iscrizione-asilo' -d '{"codice_fiscale":"FOXLAX01B28D416I"}' \\
  https://localhost:$PORT/rest/anagrafe/v1/enti/013005/ricerche-persona
curl -sS -w '\n' --cacert certs/dev/root.pem --cert certs/dev/portale-uno.pem --key certs/dev/portale-uno.key \\
  https://localhost:$PORT/rest/anagrafe/v1/richieste/…

LATER
    cat <<WRITE
# A write, carried out once: the same key and body give the same answer again, another body 422 (Mariano Comense, when it is open)
curl -sS -w '\n' --cacert certs/dev/root.pem --cert certs/dev/portale-uno.pem --key certs/dev/portale-uno.key \\
  -H 'Content-Type: application/json' -H 'Purpose-Id: riscossione' -H 'Idempotency-Key: 0f8b6a52-41de-4ae9-9a53-0d2f0a9a6c11' \\
  -d '{"codice_fiscale":"RSSMRA80A01C933H","utenza":"71001","superficie_mq":"61.5","data_decorrenza":"$year-01-01","data_dichiarazione":"$year-01-02","protocollo":{"numero":"$year/0000017","data":"$year-01-02"}}' \\
  https://localhost:$PORT/rest/tributi/v1/enti/013143/variazioni-superficie

WRITE
    cat <<REST
# The same request again comes from the cache and says how old it is: the header Age, "da_cache" in "provenienza"
curl -sS -i -w '\n' --cacert certs/dev/root.pem --cert certs/dev/portale-uno.pem --key certs/dev/portale-uno.key \\
  -H 'Content-Type: application/json' -H 'Purpose-Id: iscrizione-asilo' -d '{"codice_fiscale":"RSSMRA80A01C933H"}' \\
  https://localhost:$PORT/rest/anagrafe/v1/enti/013075/ricerche-persona

# One request too many: five at once are granted, then the answer is 429 with Retry-After
for i in 1 2 3 4 5 6 7 8; do curl -sS -o /dev/null -w '%{http_code}\n' \\
  --cacert certs/dev/root.pem --cert certs/dev/portale-uno.pem --key certs/dev/portale-uno.key \\
  -H 'Content-Type: application/json' -H 'Purpose-Id: iscrizione-asilo' -d '{"codice_fiscale":"RSSMRA80A01C933H"}' \\
  https://localhost:$PORT/rest/anagrafe/v1/enti/013075/ricerche-persona; done

# A town hall that hangs slows no other (ask Cantù and Erba meanwhile); the second line mends it
curl -sS -w '\n' -H 'Content-Type: application/json' -d '{"dialect":"d1","fault":"hang"}' http://127.0.0.1:$SIMULATOR_PORT/control/faults
curl -sS -X DELETE http://127.0.0.1:$SIMULATOR_PORT/control/faults

# What is on record
$PROGRAMS/pontile --config $EXAMPLE/pontile.toml record list

REST
}

case $PROFILE in
    dev) readonly PROGRAMS=${CARGO_TARGET_DIR:-target}/debug ;;
    *) readonly PROGRAMS=${CARGO_TARGET_DIR:-target}/$PROFILE ;;
esac
check_ports
prepare
# What follows is nobody else's.
umask 077
lock
seed
deliver
configure
start
tell
# Whichever ends first ends the run.
wait -n $gateway $simulators || true
cat "$STATE/pontile.out.err" "$STATE/simulators.out.err" >&2
fail "the gateway or the simulators ended: see above and $STATE/pontile.log"
