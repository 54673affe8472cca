import { readFileSync } from 'node:fs';
import { join } from 'node:path';
import { build } from 'esbuild';

const root = join(import.meta.dirname, '../../..');
const text = readFileSync(join(root, 'docs/client.md'), 'utf8');

/** The examples of docs/client.md, by the file name behind their fence. */
export const examples: Readonly<Record<string, string>> = Object.fromEntries(
  [...text.matchAll(/^```ts file=(\S+)\n([\s\S]*?)^```$/gm)].map(([, name = '', code = '']) => [name, code]),
);

/** One file of JavaScript, as an app's bundler makes it. Packages other than ours stay imports. */
export async function bundle(name: string, platform: 'node' | 'browser'): Promise<string> {
  const { outputFiles } = await build({
    stdin: { contents: examples[name] ?? '', loader: 'ts', resolveDir: root },
    alias: { 'holdline/client': join(root, 'src/client/index.ts') },
    external: ['@roamhq/wrtc'],
    bundle: true,
    format: 'esm',
    platform,
    target: 'es2022',
    write: false,
  });
  return outputFiles[0]?.text ?? '';
}
