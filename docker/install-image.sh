#!/usr/bin/env bash
# The steps of the container image, as a script that the Dockerfile runs and that a fresh chroot can run too.
#   install-image.sh build SOURCE STAGE   installs the build packages, compiles SOURCE, installs into STAGE
#   install-image.sh runtime STAGE        installs the runtime packages and STAGE into this root, makes the user
#   install-image.sh check                starts the installed server as that user and asks for its health
#   install-image.sh all SOURCE STAGE     the three, one after the other (for a chroot)
set -euo pipefail

here=$(cd "$(dirname "$0")/.." && pwd)
uid=10001

build() {
  local source=$1 stage=$2
  "$here/scripts/install-deps" build
  cmake -G Ninja -S "$source" -B /tmp/sagitta-image-build -DCMAKE_BUILD_TYPE=Release \
    -DCMAKE_INSTALL_PREFIX=/usr -DSAGITTA_BUILD_TESTS=OFF -DSAGITTA_BUILD_BENCH=OFF
  cmake --build /tmp/sagitta-image-build -j "$(nproc)" --target sagittad sagitta_tool completions
  DESTDIR=$stage cmake --install /tmp/sagitta-image-build --strip --component programs
  rm -rf /tmp/sagitta-image-build
}

runtime() {
  local stage=$1
  "$here/scripts/install-deps" runtime
  rm -rf /var/lib/apt/lists/*
  cp -a "$stage/." /
  mkdir -p /etc/sagitta
  cp "$here/docker/sagittad.toml" /etc/sagitta/sagittad.toml
  # A fixed number, so that volumes keep their owner from one image to the next.
  getent group sagitta >/dev/null || groupadd --gid $uid sagitta
  getent passwd sagitta >/dev/null || useradd --uid $uid --gid $uid --no-create-home \
    --home-dir /var/lib/sagitta --shell /usr/sbin/nologin sagitta
  install -d -o $uid -g $uid -m 0700 /var/lib/sagitta
  for program in sagittad sagitta; do
    if ldd "/usr/bin/$program" | grep 'not found'; then
      echo "install-image: $program lacks a library: add its package to scripts/debian-packages.txt" >&2
      exit 1
    fi
  done
}

# As the image runs: another user, the data directory alone writable, the image's configuration with keys, health
# asked of the binary itself.
check() {
  local dir server ok=0
  dir=$(mktemp -d)
  chmod 0755 "$dir"
  install -d -o $uid -g $uid -m 0700 "$dir/data"
  # An array and no function: in the background its process is the server itself.
  local as_user=(setpriv --reuid $uid --regid $uid --clear-groups --no-new-privs)
  "${as_user[@]}" /usr/bin/sagittad --generate-key check --scopes admin >"$dir/made"
  grep 'sha256:' "$dir/made" >"$dir/keys"
  chown $uid:$uid "$dir/keys"
  chmod 0400 "$dir/keys"
  # Free ports, so that a server on this machine is not in the way.
  local settings=(--config /etc/sagitta/sagittad.toml --data-dir "$dir/data/sagitta" --auth-keys-file "$dir/keys"
    --listen 0.0.0.0:0 --http-listen 0.0.0.0:0 --port-file "$dir/data/ports")
  "${as_user[@]}" /usr/bin/sagittad "${settings[@]}" &
  server=$!
  for _ in $(seq 300); do
    # The very command of the image's HEALTHCHECK.
    if [ -s "$dir/data/ports" ] && "${as_user[@]}" /usr/bin/sagittad "${settings[@]}" --healthcheck; then
      ok=1
      break
    fi
    kill -0 $server 2>/dev/null || break
    sleep 0.1
  done
  kill -TERM $server 2>/dev/null || ok=0
  wait $server || ok=0
  rm -rf "$dir"
  [ $ok -eq 1 ] || { echo "install-image: the installed server does not serve" >&2; exit 1; }
  echo "install-image: the installed server serves, and ends with exit code 0"
}

case ${1:-} in
  build) build "$2" "$3" ;;
  runtime) runtime "$2" ;;
  check) check ;;
  all)
    build "$2" "$3"
    runtime "$3"
    check
    ;;
  *)
    sed -n '2,6s/^# //p' "$0" >&2
    exit 2
    ;;
esac
