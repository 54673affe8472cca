import { readFileSync } from 'node:fs';
import { z } from 'zod';

/** The path holds from `src` and from `dist`. */
const manifest = z
  .object({ version: z.string(), engines: z.object({ node: z.string() }) })
  .parse(JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')));

/** This package's version. */
export const VERSION = manifest.version;

/** The versions of Node on which it runs, as npm writes ranges. */
export const SUPPORTED_NODE = manifest.engines.node;
