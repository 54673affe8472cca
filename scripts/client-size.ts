import { build } from 'esbuild';
import { gzipSync } from 'node:zlib';

/** What an app pays for the client: bundled, minified, compressed. Fails when all of it exceeds the limit, or drags anything else in. */
// The aim is 10 KB. Tabs that share connections, words for each failure and offers that can fail came on top of the 8.5 KB of before.
const LIMIT_BYTES = 11.25 * 1024;
const IMPORTS = {
  'joinRoom alone': 'joinRoom',
  'joinRoom and Call': 'joinRoom, Call',
  everything: '*',
};

async function sizeOf(imported: string): Promise<number> {
  const clause = imported === '*' ? '*' : `{ ${imported} }`;
  const { outputFiles, metafile } = await build({
    stdin: { contents: `export ${clause} from './src/client/index.ts';`, resolveDir: `${import.meta.dirname}/..` },
    bundle: true,
    minify: true,
    format: 'esm',
    platform: 'browser',
    target: 'es2022',
    metafile: true,
    write: false,
  });
  const strangers = Object.keys(metafile.inputs).filter(
    (file) => file !== '<stdin>' && !file.startsWith('src/client/'),
  );
  if (strangers.length > 0) throw new Error(`the client must stand alone, but bundles ${strangers.join(', ')}`);
  return gzipSync(outputFiles[0]?.contents ?? '', { level: 9 }).length;
}

for (const [name, imported] of Object.entries(IMPORTS)) {
  const bytes = await sizeOf(imported);
  console.log(`${String(bytes).padStart(6)} bytes  ${name}`);
  if (bytes > LIMIT_BYTES) {
    console.error(`${name}: more than ${String(LIMIT_BYTES)} bytes, minified and gzipped`);
    process.exitCode = 1;
  }
}
