#!/bin/sh
# A machine with a real systemd, in namespaces: the system's /usr with what BUILD installs on top,
# an /etc and a /var of its own, and no network but loopback. None of its files outlives it.
#
#   tests/lib/machine.sh BUILD
#
# Prints the pid of its systemd once that is up. It ends with standard input, and takes with it
# all that it has started. Ends with 77 where this computer cannot do that, and says why.
set -eu

boot_limit=60 # seconds, for what takes one
namespaces="--mount --pid --ipc --uts --cgroup"

skip() {
  echo "skipped: $*" >&2
  exit 77
}

# What it needs of this computer.
check() {
  [ "$(id -u)" -eq 0 ] || skip "only root can boot a machine in namespaces"
  for tool in systemd-nspawn unshare nsenter meson; do
    command -v "$tool" >/dev/null || skip "there is no $tool (Debian: systemd-container, util-linux, meson)"
  done
  [ -x /lib/systemd/systemd ] || skip "there is no systemd"
  [ -L /lib ] || skip "/lib is not in /usr, which the machine has of this system"
  # shellcheck disable=SC2086 # a list of words
  unshare $namespaces --fork --kill-child true 2>/dev/null || skip "namespaces are not allowed here"
}

# From here on, no mount is seen by anybody else, and all are gone with the last process.
# The folder in which things are made is /run, which hides that of this computer as well.
make_root() {
  mount -t tmpfs -o mode=755 none /run 2>/dev/null || skip "nothing may be mounted here"
  mkdir /run/cgroup /run/upper /run/work /run/root
  cd /run/root
  mkdir etc usr var
  cp -a /bin /sbin /lib* .
  mount -t overlay -o lowerdir=/usr,upperdir=/run/upper,workdir=/run/work none usr 2>/dev/null ||
    skip "no overlay of /usr may be mounted here"
  cp /etc/ld.so.cache etc/
  echo "root:x:0:0::/root:/bin/sh" >etc/passwd
  echo "root:x:0:" >etc/group
  printf '%s\n' "passwd: files systemd" "group: files systemd" >etc/nsswitch.conf
  # What makes units of fstab and the like: there is nothing for it, and it is slow.
  mkdir -p etc/systemd/system-generators
  for generator in usr/lib/systemd/system-generators/*; do
    ln -s /dev/null "etc/systemd/system-generators/${generator##*/}"
  done
  tr -d - </proc/sys/kernel/random/uuid >etc/machine-id
}

# One of its own below that of this process: $cgroup.
make_cgroup() {
  mount -t cgroup2 none /run/cgroup 2>/dev/null || skip "no cgroup2 may be mounted here"
  cgroup=/run/cgroup$(sed -n 's/^0:://p' /proc/self/cgroup)/aiopoll-test-$$
  mkdir "$cgroup" 2>/dev/null || skip "no cgroup may be made here"
}

# Becomes the machine. It sees its own cgroup as the topmost.
run() {
  echo 0 >"$cgroup/cgroup.procs"
  # shellcheck disable=SC2086,SC2016 # a list of words; a script
  exec unshare $namespaces --mount-proc --fork --kill-child sh -c '
    mount -t cgroup2 none /sys/fs/cgroup &&
      exec systemd-nspawn --quiet --boot --directory=/run/root --register=no --keep-unit \
        --private-network --console=pipe systemd.unit=basic.target' \
    </dev/null >/run/console 2>&1
}

is_up() {
  read -r systemd <"$cgroup/payload/init.scope/cgroup.procs" &&
    nsenter --target "$systemd" --all systemctl --quiet is-active basic.target
} 2>/dev/null

await_boot() {
  tries=0
  until is_up; do
    tries=$((tries + 1))
    if ! kill -0 "$machine" 2>/dev/null || [ "$tries" -gt $((boot_limit * 10)) ]; then
      skip "no systemd came up in namespaces here: $(tail -n 1 /run/console)"
    fi
    sleep 0.1
  done
}

# The processes of all its namespaces end with the first one, and that with its parent.
end() {
  kill -KILL "$machine" 2>/dev/null || true
  while grep -q 'populated 1' "$cgroup/cgroup.events"; do
    sleep 0.02
  done
  find "$cgroup" -depth -type d -exec rmdir {} +
}

supervise() {
  make_root
  meson install --quiet --no-rebuild -C "$1" --destdir /run/root
  make_cgroup
  (run) &
  machine=$!
  trap end EXIT
  await_boot
  echo "$systemd"
  cat >/dev/null
}

case $1 in
  --supervise) supervise "$2" ;;
  *)
    check
    exec unshare --mount "$0" --supervise "$1"
    ;;
esac
