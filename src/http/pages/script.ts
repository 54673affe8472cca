import { stripTypeScriptTypes } from 'node:module';

/** TypeScript as browsers can run it. Types become blanks, so that lines and columns stay. */
export const asScript = (source: string): string => stripTypeScriptTypes(source, { mode: 'strip' });

/** The paths of the modules that a script at `path` imports. Ours all are relative, and none is imported on demand. */
export function importsOf(path: string, script: string): string[] {
  const here = new URL(path, 'http://site/');
  // The compiler quotes with " what it rewrites.
  return [...script.matchAll(/^(?:import|export) [^;]*?from ['"](\.[^'"]+)['"];/gm)].map(([, specifier = '']) =>
    new URL(specifier, here).pathname.slice(1),
  );
}
