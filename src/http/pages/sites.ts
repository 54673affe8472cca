import { Site } from './site.ts';

/** `src`, or `dist` once it is built. */
const root = new URL('../../', import.meta.url);

/** The page to try a call with; it runs on the very client that apps import. */
export const DEMO = new Site('/demo', [
  ['web/demo/', new URL('web/demo/', root)],
  ['client/', new URL('client/', root)],
]);

/** Swagger UI lies beside the page once it is built; until then it is where npm put it. */
export const DOCS = new Site('/docs', [
  ['', new URL('web/docs/', root)],
  ['', new URL('../node_modules/swagger-ui-dist/', root)],
]);
