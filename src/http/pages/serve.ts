import type { RequestHandler } from 'express';
import type { AppContext } from '../context.ts';
import { PAGE_HEADERS, type HeaderList } from '../response/headers.ts';
import { write } from '../response/reply.ts';
import { requestIdOf } from '../request/head.ts';
import { noSuchAsset } from '../response/request-problem.ts';
import type { Site } from './site.ts';

/** Serves the parts of a page, with the same headers as all responses. */
export function serveAssets(site: Site, context: AppContext, constant: HeaderList): RequestHandler<{ path: string[] }> {
  return async (req, res) => {
    const asset = await site.asset(req.params.path.join('/'));
    if (asset === undefined) throw noSuchAsset();
    if (context.isDraining()) res.shouldKeepAlive = false;
    const isZipped = req.acceptsEncodings('gzip') === 'gzip';
    const requestId = requestIdOf(req);
    write(res, constant, requestId, {
      status: 200,
      mediaType: asset.mediaType,
      body: isZipped ? asset.gzipped : asset.bytes,
      headers: isZipped ? [...PAGE_HEADERS, 'Content-Encoding', 'gzip'] : PAGE_HEADERS,
    });
    context.observability.answered('asset', 200, undefined, 0);
    context.log.debug({ requestId, operation: 'asset', status: 200 }, 'answered');
  };
}
