import { build } from 'esbuild';
import { gzipSync } from 'node:zlib';

/**
 * The size of the client in an app: bundled, minified and compressed. Fails above the limit, and when it bundles other
 * modules.
 */
// The goal is 10 KB. Sharing connections between tabs, error texts, failing offers and (110 bytes) the gathering of
// candidates have been added to the 8.5 KB of earlier versions. Reading by another transport takes 560 bytes.
const LIMIT_BYTES = 12 * 1024;
/** What `socket` of `holdline/client/socket` adds. */
const SOCKET_LIMIT_BYTES = 1.2 * 1024;
const IMPORTS = {
  'joinRoom alone': '{ joinRoom }',
  'joinRoom and Call': '{ joinRoom, Call }',
  everything: '*',
};

async function sizeOf(...exports: string[]): Promise<number> {
  const { outputFiles, metafile } = await build({
    stdin: { contents: exports.join(';'), resolveDir: `${import.meta.dirname}/..` },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    metafile: true,
    write: false,
  });
  const others = Object.keys(metafile.inputs).filter((file) => file !== '<stdin>' && !file.startsWith('src/client/'));
  if (others.length > 0) throw new Error(`the client must stand alone, but bundles ${others.join(', ')}`);
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
}

function check(name: string, bytes: number, limitBytes: number): void {
  console.log(`${String(bytes).padStart(6)} bytes  ${name}`);
  if (bytes <= limitBytes) return;
  console.error(`${name}: more than ${String(limitBytes)} bytes, minified and gzipped`);
  process.exitCode = 1;
}

const from = (clause: string, file: string): string => `export ${clause} from './src/client/${file}.ts'`;
for (const [name, clause] of Object.entries(IMPORTS)) check(name, await sizeOf(from(clause, 'index')), LIMIT_BYTES);
const everything = from('*', 'index');
const addedBytes = (await sizeOf(everything, from('{ socket }', 'socket'))) - (await sizeOf(everything));
check('more with socket', addedBytes, SOCKET_LIMIT_BYTES);
