import { Site } from './site.ts';

/** The pages lie beside `src`; a build bundles them into `dist`. */
const pages = new URL(import.meta.url.endsWith('.ts') ? '../../../demo/' : '../../demo/', import.meta.url);

/** The demo call. It runs the same client that apps import, from its sources until a build exists. */
export const DEMO = new Site('/demo', [
  ['demo/call/', new URL('call/', pages)],
  ['src/client/', new URL('../src/client/', pages)],
]);

/** A build puts Swagger UI beside the page. Before that, it is loaded from where npm installed it. */
export const DOCS = new Site('/docs', [
  ['', new URL('reference/', pages)],
  ['', new URL('../node_modules/swagger-ui-dist/', pages)],
]);
