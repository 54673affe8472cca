import { build } from 'esbuild';
import { cpSync, writeFileSync } from 'node:fs';

/**
 * The client as CommonJS, for what cannot load ES modules or does not transform packages: Jest, Metro, older bundlers. One file,
 * and the same declarations in a folder whose package.json makes them CommonJS to TypeScript as well.
 */
const dist = new URL('../dist/', import.meta.url);
const commonjs = new URL('commonjs/', dist);

for (const folder of ['client', 'wire']) {
  cpSync(new URL(folder, dist), new URL(folder, commonjs), {
    recursive: true,
    filter: (file) => !file.endsWith('.js'),
  });
}
writeFileSync(new URL('package.json', commonjs), `${JSON.stringify({ type: 'commonjs' })}\n`);
await build({
  entryPoints: [new URL('client/index.js', dist).pathname],
  outfile: new URL('client/index.js', commonjs).pathname,
  bundle: true,
  format: 'cjs',
  platform: 'neutral',
  // The Babel preset of React Native 0.72 refuses private methods, and webpack 4 cannot parse `?.`.
  target: 'es2019',
  logLevel: 'warning',
});
