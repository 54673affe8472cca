#!/usr/bin/env bash
# Packs the package and uses it as a stranger would: from its tarball, in a directory of its own, with nothing of the repository at hand.
set -euo pipefail
cd "$(dirname "$0")/.."
root=$PWD
scratch=$(mktemp -d)
trap 'rm -rf "$scratch"' EXIT

npm pack --silent --pack-destination "$scratch" # prepack builds dist/ first
tarball=$(echo "$scratch"/holdline-*.tgz)
npx publint run "$tarball" --strict
npx attw "$tarball" --profile esm-only --exclude-entrypoints openapi.yaml # a document, not a module

mkdir "$scratch/stranger"
cd "$scratch/stranger"
cat >package.json <<'JSON'
{ "name": "stranger", "private": true, "type": "module" }
JSON
npm install --prefix . --no-audit --no-fund --no-package-lock "$tarball"

cat >use.ts <<'TS'
import { createHoldline } from 'holdline';
const create: (...args: never[]) => unknown = createHoldline;
if (typeof create !== 'function') throw new Error('createHoldline is not a function');
TS
"$root/node_modules/.bin/tsc" --noEmit --strict --module nodenext --target es2024 --types node \
  --typeRoots "$root/node_modules/@types" use.ts
node use.ts

version=$(node -p "require('$root/package.json').version")
told=$(./node_modules/.bin/holdline --version)
[ "$told" = "$version" ] || { echo "holdline --version said '$told', package.json says '$version'" >&2; exit 1; }
echo "the tarball installs, types, imports, and its command answers $told"
