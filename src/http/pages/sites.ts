import { Site } from './site.ts';

/** The pages lie beside `src`; a build puts them, bundled, into `dist`. */
const pages = new URL(import.meta.url.endsWith('.ts') ? '../../../demo/' : '../../demo/', import.meta.url);

/** The page to try a call with; it runs on the very client that apps import, whose sources it loads until it is built. */
export const DEMO = new Site('/demo', [
  ['demo/call/', new URL('call/', pages)],
  ['src/client/', new URL('../src/client/', pages)],
]);

/** Swagger UI lies beside the page once it is built; until then it is where npm put it. */
export const DOCS = new Site('/docs', [
  ['', new URL('reference/', pages)],
  ['', new URL('../node_modules/swagger-ui-dist/', pages)],
]);
