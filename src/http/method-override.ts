import type { RequestHandler } from 'express';
import { invalidRequest } from './request-problem.ts';

/** Strict proxies pass GET and POST only: a DELETE may come as a POST that says so. */
export const methodOverride: RequestHandler = (req, _res, next): void => {
  const override = req.headers['x-http-method-override'];
  if (override === undefined) {
    next();
    return;
  }
  const allowed =
    typeof override === 'string' && override.toUpperCase() === 'DELETE' && ['POST', 'DELETE'].includes(req.method);
  if (!allowed)
    throw invalidRequest([{ pointer: '/header/X-HTTP-Method-Override', detail: 'must be DELETE, on a POST' }]);
  req.method = 'DELETE';
  next();
};
