import { build } from 'esbuild';
import { gzipSync } from 'node:zlib';

/**
 * What an app pays for the client: bundled, minified, compressed. Fails above the limits, and when anything else is dragged in.
 * The promise is 8 KB for a call; a mesh is a little more, for those who import it.
 */
const IMPORTS = {
  'joinRoom and Call': { imported: 'joinRoom, Call', limitBytes: 8 * 1024 },
  'joinRoom alone': { imported: 'joinRoom', limitBytes: 6 * 1024 },
  'everything, Mesh too': { imported: '*', limitBytes: 8.5 * 1024 },
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

for (const [name, { imported, limitBytes }] of Object.entries(IMPORTS)) {
  const bytes = await sizeOf(imported);
  console.log(`${String(bytes).padStart(6)} bytes  ${name}`);
  if (bytes > limitBytes) {
    console.error(`${name}: more than ${String(limitBytes)} bytes, minified and gzipped`);
    process.exitCode = 1;
  }
}
