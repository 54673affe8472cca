import type { RequestHandler } from 'express';
import { invalidRequest, type RequestProblem } from '../response/request-problem.ts';

/** Stands for an override that is refused: no path has it, so that an unknown path is told first. */
export const NO_METHOD = 'NONE';

/** Strict proxies pass GET and POST only: a DELETE may come as a POST that says so. */
export const methodOverride: RequestHandler = (req, _res, next): void => {
  const override = req.headers['x-http-method-override'];
  if (override !== undefined) req.method = isDelete(override) && MAY_SAY_SO.includes(req.method) ? 'DELETE' : NO_METHOD;
  next();
};

const MAY_SAY_SO = ['POST', 'DELETE'];

const isDelete = (override: string | string[]): boolean =>
  typeof override === 'string' && override.toUpperCase() === 'DELETE';

export const badOverride = (): RequestProblem =>
  invalidRequest([{ pointer: '/header/X-HTTP-Method-Override', detail: 'must be DELETE, on a POST' }]);
