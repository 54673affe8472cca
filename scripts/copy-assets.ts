import { cpSync } from 'node:fs';

/** The last step of a build: what is not compiled. */
const root = new URL('../', import.meta.url);

cpSync(new URL('src/web', root), new URL('dist/web', root), {
  recursive: true,
  filter: (file) => !/\.(ts|json)$/.test(file),
});

// What Redis runs.
cpSync(new URL('src/store/redis/scripts', root), new URL('dist/store/redis/scripts', root), { recursive: true });

// Copied rather than depended upon: npm would bring 11 MB of other builds, and a script that reports installations to others.
const SWAGGER_UI = ['swagger-ui.css', 'swagger-ui-bundle.js', 'swagger-ui-bundle.js.LICENSE.txt', 'LICENSE', 'NOTICE'];
for (const name of SWAGGER_UI) {
  cpSync(new URL(`node_modules/swagger-ui-dist/${name}`, root), new URL(`dist/web/docs/${name}`, root));
}
