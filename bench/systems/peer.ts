import { existsSync, readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import type { ServerCommand } from './system.ts';

/** A server script of the bench, run by the Node that runs the bench. */
export function serverScript(name: string, port: number, env: Record<string, string> = {}): ServerCommand {
  const script = fileURLToPath(new URL(`../servers/${name}.ts`, import.meta.url));
  return { command: [process.execPath, script], env: { NODE_ENV: 'production', PORT: String(port), ...env } };
}

/** The installed version of a package of the bench. */
export function packageVersion(name: string): string {
  const file = packageFile(name);
  const { version } = JSON.parse(readFileSync(file, 'utf8')) as { version: string };
  return `${name} ${version}`;
}

export function packageMissing(name: string): string | undefined {
  return existsSync(packageFile(name)) ? undefined : `${name} is not installed: npm ci --prefix bench`;
}

function packageFile(name: string): URL {
  return new URL(`../node_modules/${name}/package.json`, import.meta.url);
}
