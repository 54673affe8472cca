#!/usr/bin/env bash
# Builds the Dockerfile without a container engine or a registry, and runs the image's own command as process 1.
# Needs root, Debian's buildah, debootstrap, curl and jq, and a finished `npm ci`. An argument names a directory that
# keeps the base for the next run.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
keep=${1:-}
work=${keep:-$(mktemp -d)}
mkdir -p "$work"
export STORAGE_DRIVER=vfs # works on any file system, also inside another container
buildah() { command buildah --root "$work/storage" --runroot "$work/run" "$@"; }
container='' server=''
cleanup() {
  [ -z "$server" ] || kill -KILL "$server" 2>/dev/null || true
  [ -z "$container" ] || buildah rm "$container" >/dev/null || true
  [ -n "$keep" ] || rm -rf "$work"
}
trap cleanup EXIT

# Stands in for the base of the Dockerfile: Debian's minimal system, this project's own Node 24, the host's npm, and the
# user `node`.
base=localhost/node-base
make_base() {
  local system="$work/system" mirror
  mirror=$(apt-get indextargets --format '$(SITE)' 'Created-By: Packages' 'Codename: bookworm' | head -n 1)
  rm -rf "$system"
  debootstrap --variant=minbase bookworm "$system" "$mirror" >"$work/debootstrap.log"
  rm -rf "$system"/var/cache/apt/archives/*.deb "$system"/var/lib/apt/lists/* "$system"/usr/share/{doc,man,locale}/*
  install -D node_modules/node/bin/node "$system/usr/local/bin/node"
  mkdir -p "$system/usr/local/lib/node_modules"
  cp -a "$(npm root --global)/npm" "$system/usr/local/lib/node_modules/npm"
  ln -s ../lib/node_modules/npm/bin/npm-cli.js "$system/usr/local/bin/npm"
  chroot "$system" useradd --uid 1000 --create-home node
  local empty
  empty=$(buildah from scratch)
  buildah add --quiet "$empty" "$system" /
  buildah config --env PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin "$empty"
  buildah commit --quiet --rm "$empty" "$base"
  rm -rf "$system"
}
buildah inspect --type image "$base" >/dev/null 2>&1 || make_base

# The build uses the registry and the certificates of this machine.
printf 'registry=%s\ncafile=/etc/npm-ca.crt\n' "$(npm config get registry)" >"$work/npmrc"
authorities=$(npm config get cafile)
[ -f "$authorities" ] || authorities=/etc/ssl/certs/ca-certificates.crt
buildah build --isolation chroot --pull-never --format docker --build-arg BASE="$base" --tag holdline:proof \
  --volume "$work/npmrc:/root/.npmrc:ro" --volume "$authorities:/etc/npm-ca.crt:ro" .

container=$(buildah from --pull-never holdline:proof)
mount=$(buildah mount "$container")
image=$(buildah inspect --type image holdline:proof | jq .Docker.config)
mapfile -t command < <(jq -r '.Entrypoint[], (.Cmd // [])[]' <<<"$image")
mapfile -t environment < <(jq -r '.Env[]' <<<"$image")
mapfile -t health < <(jq -r '.Healthcheck.Test[1:][]' <<<"$image")
user=$(jq -r .User <<<"$image")
directory=$(jq -r .WorkingDir <<<"$image")
port=$(scripts/free-port.sh)
within=(chroot --userspec="$user" "$mount" env -i -C "$directory" "${environment[@]}" PORT="$port")

# Process 1 ignores every signal without a handler, so only a real one proves that SIGTERM is handled.
unshare --pid --fork --mount sh -c 'mount -t proc proc "$0/proc" && mount --bind /dev "$0/dev" && exec "$@"' \
  "$mount" "${within[@]}" "${command[@]}" >"$work/server.log" 2>&1 &
namespace=$!
fail() {
  echo "$1" >&2
  cat "$work/server.log" >&2
  exit 1
}
for _ in $(seq 100); do
  curl --silent --fail --output /dev/null "http://127.0.0.1:$port/readyz" && break
  kill -0 "$namespace" 2>/dev/null || fail 'the container ended before it was ready'
  sleep 0.1
done
server=$(pgrep --parent "$namespace")
curl --silent --show-error --fail "http://127.0.0.1:$port/readyz" >/dev/null || fail '/readyz is not green'
echo "ready as user $(stat --format %u "/proc/$server"), process $(awk '/^NSpid/ { print $NF }' "/proc/$server/status") of its namespace"
"${within[@]}" "${health[@]}" || fail 'HEALTHCHECK failed while the service was ready'
echo 'HEALTHCHECK passes'
[ -s "$mount/data/holdline.db" ] || fail 'the database is not on the volume'

kill -TERM "$server"
status=0
wait "$namespace" || status=$?
server=
[ "$status" -eq 0 ] || fail "SIGTERM ended with $status"
echo 'SIGTERM ended with 0'
! "${within[@]}" "${health[@]}" || fail 'HEALTHCHECK passed with no service running'

megabytes() { du -sm "$@" | awk '{ sum += $1 } END { print sum " MB" }'; }
echo "image: $(megabytes "$mount"), of which the base is all but $(megabytes "$mount/app")"
