import { build } from 'esbuild';
import { gzipSync } from 'node:zlib';

/**
 * The size of the client in an app: bundled, minified and compressed. Fails above the limit, and when it bundles other
 * modules.
 */
// The goal is 10 KB. Sharing connections between tabs, error texts, failing offers and (110 bytes) the gathering of
// candidates have been added to the 8.5 KB of earlier versions. Reading by another transport takes 560 bytes.
const LIMIT_BYTES = 12 * 1024;
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
  const others = Object.keys(metafile.inputs).filter((file) => file !== '<stdin>' && !file.startsWith('src/client/'));
  if (others.length > 0) throw new Error(`the client must stand alone, but bundles ${others.join(', ')}`);
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
