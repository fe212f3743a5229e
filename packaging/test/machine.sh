#!/usr/bin/env bash
# Boots a Debian in namespaces of its own, with systemd as process 1, for one program; ends with that program's status.
#
#   machine.sh DEBIAN.tar INPUT OUTPUT    as root; INPUT is /input inside, INPUT/trial.sh is what runs, OUTPUT what it says
#   machine.sh --possible                 whether this machine allows it
set -euo pipefail

readonly GROUPS_FOLDER=/sys/fs/cgroup
readonly GROUP=pontile-package-test-$$

# The hierarchies that systemd works with: one on a machine of today, two on one with a mixed set-up.
hierarchies() {
    if [[ $(stat -fc %T $GROUPS_FOLDER) == cgroup2fs ]]; then echo $GROUPS_FOLDER; else echo $GROUPS_FOLDER/systemd $GROUPS_FOLDER/unified; fi
}

outside() {
    local one
    trap clean EXIT
    for one in $(hierarchies); do mkdir "$one/$GROUP"; done
    # Of the groups the namespace shows what is beneath the one that its first process is in.
    (
        for one in $(hierarchies); do echo $BASHPID >"$one/$GROUP/cgroup.procs"; done
        exec unshare --mount --pid --net --ipc --uts --cgroup --fork --kill-child "$0" inside "$@"
    )
}

possible() {
    local one
    for one in $(hierarchies); do mkdir "$one/$GROUP" && rmdir "$one/$GROUP" || return 1; done
    unshare --mount --pid --net --ipc --uts --cgroup --fork \
        sh -c 'mount --make-rprivate / && mount -t tmpfs probe /mnt && mknod /mnt/null c 1 3 && mount -t proc proc /mnt'
}

clean() {
    local one
    for one in $(hierarchies); do find "$one/$GROUP" -depth -type d -exec rmdir {} + 2>/dev/null || true; done
}

inside() {
    local debian=$1 input=$2 output=$3 root one
    mount --make-rprivate /
    # A folder that is there already, hidden behind one in memory: nothing is left over.
    root=/mnt
    mount -t tmpfs -o mode=755,size=2g machine $root
    tar --extract --file "$debian" --directory $root --numeric-owner --exclude='./dev/*'
    mkdir -p $root/input $root/before
    mount --bind "$input" $root/input
    mount -o remount,bind,ro $root/input
    touch $root/output
    mount --bind "$output" $root/output
    mount -t proc proc $root/proc
    mount -t sysfs -o ro sysfs $root/sys
    mount -t tmpfs -o mode=755 run $root/run
    devices $root
    for one in $(hierarchies); do
        if [[ $one == "$GROUPS_FOLDER" ]]; then
            mount -t cgroup2 cgroup "$root$one"
        else
            mountpoint -q "$root$GROUPS_FOLDER" || mount -t tmpfs -o mode=755 groups $root$GROUPS_FOLDER
            mkdir -p "$root$one"
            case $one in
                */systemd) mount -t cgroup -o none,name=systemd cgroup "$root$one" ;;
                *) mount -t cgroup2 cgroup "$root$one" ;;
            esac
        fi
    done
    service $root
    cd $root
    pivot_root . before
    umount --lazy /before
    # `container` tells systemd that neither devices nor the clock are its own.
    exec env -i container=pontile-package-test PATH=/usr/sbin:/usr/bin:/sbin:/bin \
        /lib/systemd/systemd --system --unit=trial.service --show-status=no --log-target=journal </dev/null
}

# Devices of its own: whatever systemd does to them, those of the machine stay as they are.
devices() {
    local one
    mount -t tmpfs -o mode=755 devices "$1/dev"
    mkdir "$1/dev/pts" "$1/dev/shm"
    mount -t devpts -o newinstance,ptmxmode=0666,mode=620 devpts "$1/dev/pts"
    ln -s pts/ptmx "$1/dev/ptmx"
    for one in null:1:3 zero:1:5 full:1:7 random:1:8 urandom:1:9 tty:5:0; do
        IFS=: read -r name major minor <<<"$one"
        mknod --mode=666 "$1/dev/$name" c "$major" "$minor"
    done
}

# The trial as a service, so that it can talk to process 1 as an administrator would.
service() {
    : >"$1/etc/machine-id"
    cat >"$1/etc/systemd/system/trial.service" <<'UNIT'
[Unit]
After=multi-user.target
[Service]
Type=oneshot
ExecStart=/bin/sh -c '/input/trial.sh; systemctl exit $?'
StandardOutput=append:/output
StandardError=inherit
UNIT
}

case ${1:-} in
    inside) shift; inside "$@" ;;
    --possible) possible ;;
    *) outside "$@" ;;
esac
