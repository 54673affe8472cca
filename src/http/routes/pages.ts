import type { Handler } from '../request/call.ts';
import { DEMO, DOCS } from '../pages/sites.ts';
import { page } from '../response/reply.ts';
import { RequestProblem } from '../response/request-problem.ts';

export const getDemoPage: Handler<'getDemoPage'> = async ({ basePath }, { settings }) => {
  if (settings.demo === 'off') throw new RequestProblem('not-found', 'The demo is switched off here (DEMO=off).');
  return page(await DEMO.html(basePath));
};

export const getDocsPage: Handler<'getDocsPage'> = async ({ basePath }) => page(await DOCS.html(basePath));
