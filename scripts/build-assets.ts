import { build, type BuildOptions } from 'esbuild';
import { cpSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';

/** The last step of a build: everything that `tsc` does not write. */
const root = new URL('../', import.meta.url);
const pathOf = (path: string): string => fileURLToPath(new URL(path, root));
const isSource = (file: string): boolean => /\.(ts|json)$/.test(file);

async function bundle(entry: string, outfile: string, options: BuildOptions): Promise<void> {
  await build({
    entryPoints: [pathOf(entry)],
    outfile: pathOf(outfile),
    bundle: true,
    platform: 'neutral',
    logLevel: 'warning',
    ...options,
  });
}

cpSync(pathOf('src/store/redis/scripts'), pathOf('dist/store/redis/scripts'), { recursive: true });

/** The pages, with one script each. */
cpSync(pathOf('demo'), pathOf('dist/demo'), { recursive: true, filter: (file) => !isSource(file) });
await bundle('demo/call/main.ts', 'dist/demo/call/main.js', { format: 'esm' });
await bundle('demo/reference/show.ts', 'dist/demo/reference/show.js', { format: 'esm' });

// Copied, since the dependency would bring 11 MB of other builds and a script that reports installations.
const SWAGGER_UI = ['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt', 'LICENSE', 'NOTICE'];
for (const name of SWAGGER_UI)
  cpSync(pathOf(`node_modules/swagger-ui-dist/${name}`), pathOf(`dist/demo/reference/${name}`));

/**
 * The client as CommonJS, for tools that cannot load ES modules or do not transform packages: Jest, Metro, older
 * bundlers. It is one file for each export, with the same declarations in a folder whose package.json marks them as CommonJS for
 * TypeScript.
 */
for (const folder of ['client', 'wire']) {
  const filter = (file: string): boolean => !file.endsWith('.js');
  cpSync(pathOf(`dist/${folder}`), pathOf(`dist/commonjs/${folder}`), { recursive: true, filter });
}
writeFileSync(pathOf('dist/commonjs/package.json'), `${JSON.stringify({ type: 'commonjs' })}\n`);
// The Babel preset of React Native 0.72 refuses private methods, and webpack 4 cannot parse `?.`.
for (const name of ['index', 'socket']) {
  await bundle(`dist/client/${name}.js`, `dist/commonjs/client/${name}.js`, { format: 'cjs', target: 'es2019' });
}
