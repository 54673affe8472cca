import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build, type Plugin } from 'esbuild';

const root = join(import.meta.dirname, '../../..');
const text = readFileSync(join(root, 'docs/client.md'), 'utf8');

/** The examples of docs/client.md, by the file name behind their fence. */
export const examples: Readonly<Record<string, string>> = Object.fromEntries(
  [...text.matchAll(/^```ts file=(\S+)\n([\s\S]*?)^```$/gm)].map(([, name = '', code = '']) => [name, code]),
);

/** Puts the given sources in the place of packages. */
const standIns = (sources: Readonly<Record<string, string>>): Plugin => ({
  name: 'stand-ins',
  setup(build) {
    build.onResolve({ filter: /^[\w-]+$/ }, ({ path }) =>
      path in sources ? { path, namespace: 'stand-in' } : undefined,
    );
    build.onLoad({ filter: /.*/, namespace: 'stand-in' }, ({ path }) => ({ contents: sources[path] ?? '' }));
  },
});

/**
 * One file of JavaScript, as an app's bundler makes it. Packages other than ours stay imports.
 * @param packages sources to use in the place of packages
 */
export async function bundle(
  name: string,
  platform: 'node' | 'browser',
  packages: Readonly<Record<string, string>> = {},
): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: examples[name] ?? '', loader: 'ts', resolveDir: root },
    alias: { 'holdline/client': join(root, 'src/client/index.ts') },
    external: ['@roamhq/wrtc'],
    plugins: [standIns(packages)],
    bundle: true,
    format: 'esm',
    platform,
    target: 'es2022',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
