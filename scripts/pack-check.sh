#!/usr/bin/env bash
# Packs the package and uses it like an app: from its tarball, in a separate directory, without the repository.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
scratch=$(mktemp -d)
redis=''
cleanup() {
  [ -z "$redis" ] || kill "$redis" 2>/dev/null || true
  rm -rf "$scratch"
}
trap cleanup EXIT

npm pack --silent --pack-destination "$scratch" # prepack builds dist/ first
tarball=$(echo "$scratch"/holdline-*.tgz)
publint run "$tarball" --strict
attw "$tarball" --profile esm-only --exclude-entrypoints openapi.yaml client client/socket # openapi.yaml: a document, not a module
attw "$tarball" --profile strict --entrypoints client client/socket

mkdir "$scratch/stranger"
cd "$scratch/stranger"
cat >package.json <<'JSON'
{ "name": "stranger", "private": true, "type": "module" }
JSON
npm install --prefix . --no-audit --no-fund --no-package-lock "$tarball"

cat >use.ts <<'TS'
import { createRequire } from 'node:module';
import { createHoldline, loadSettings } from 'holdline';
import { HoldlineError, joinRoom } from 'holdline/client';
import { socket } from 'holdline/client/socket';
const required = createRequire(import.meta.url)('holdline/client') as typeof import('holdline/client');
if (required.HoldlineError !== HoldlineError) throw new Error('import and require give two copies of the client');
const env = { HOST: '127.0.0.1', PORT: '0', STORE_URL: process.argv[2] ?? 'sqlite::memory:', LOG_LEVEL: 'fatal' };
const holdline = await createHoldline(loadSettings({ env, argv: [] }));
const { port } = await holdline.start();
const { status } = await fetch(`http://127.0.0.1:${port}/readyz`);
for (const page of ['/demo', '/docs']) {
  const html = await (await fetch(`http://127.0.0.1:${port}${page}`)).text();
  const parts = [...html.matchAll(/<(?:link|script)[^>]* (?:href|src)="([^"]+)"/g)].map(([, part]) => part);
  if (parts.length < 4) throw new Error(`${page} has only ${parts.length} parts`);
  for (const part of parts) {
    const answer = await fetch(`http://127.0.0.1:${port}${part}`);
    if (!answer.ok) throw new Error(`${page} lacks its part ${part}: ${answer.status}`);
  }
}
const transports = [socket()];
const mailbox = await joinRoom({ baseUrl: `http://127.0.0.1:${port}`, roomId: 'room', transports });
const change = new Promise((resolve) => mailbox.on('transport', resolve));
mailbox.on('message', () => undefined);
const { recipients } = await mailbox.send({ type: 'custom' });
if (recipients.length > 0) throw new Error('somebody else is in the room');
await change;
if (mailbox.transport !== 'socket') throw new Error(`reads by ${mailbox.transport}`);
await mailbox.leave();
await holdline.close();
if (status !== 200) throw new Error(`/readyz answered ${status}`);
console.log(`ready on Node ${process.versions.node}`);
TS
cat >use.cts <<'TS'
import { joinRoom, type Mailbox } from 'holdline/client';
import { socket } from 'holdline/client/socket';
export const join = (roomId: string): Promise<Mailbox> => joinRoom({ roomId, transports: [socket()] });
TS
options=(--strict --target es2024 --types node --typeRoots "$root/node_modules/@types")
"$root/node_modules/.bin/tsc" "${options[@]}" --module nodenext use.ts use.cts
"$root/node_modules/.bin/tsc" "${options[@]}" --module node16 --noEmit use.cts
node use.js
# The scripts for Redis are separate files, which a package may lack.
if command -v redis-server >/dev/null; then
  port=$("$root/scripts/free-port.sh")
  redis-server --bind 127.0.0.1 --port "$port" --save '' --dir "$scratch" >"$scratch/redis.log" &
  redis=$!
  for _ in $(seq 50); do redis-cli -p "$port" ping >/dev/null 2>&1 && break || sleep 0.1; done
  node use.js "redis://127.0.0.1:$port"
fi
on_node() { # VERSION ARGUMENT...
  rm -rf "$scratch/node"
  npm install --prefix "$scratch/node" --silent --no-save --ignore-scripts "node-$(node -p 'process.platform + "-" + process.arch')@$1"
  "$scratch"/node/node_modules/node-*/bin/node "${@:2}"
}
# The oldest Node version that package.json allows, and the version after ours.
for version in "$(node -p "require('$root/package.json').engines.node.replace('>=', '')")" 26; do
  on_node "$version" use.js
done
# On an older Node, the command fails with one line.
refused=$(on_node 20 node_modules/holdline/dist/main.js 2>&1) && { echo "the command ran on Node 20" >&2; exit 1; }
[[ $refused =~ ^holdline:\ Node\ 20\.[^$'\n']*\ needs\ Node\ [^$'\n']*$ ]] || { echo "on Node 20 the command said: $refused" >&2; exit 1; }

version=$(node -p "require('$root/package.json').version")
told=$(./node_modules/.bin/holdline --version)
[ "$told" = "$version" ] || { echo "holdline --version said '$told', package.json says '$version'" >&2; exit 1; }
echo "the tarball installs, types, imports, and its command answers $told"
