import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { cpSync, mkdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';

const here = import.meta.dirname;
const root = join(here, '../..');

/** @returns what the program printed. Rejects with all of it when the program fails. */
async function run(
  cwd: string,
  program: string,
  args: readonly string[],
  env: Readonly<Record<string, string>> = {},
): Promise<string> {
  const child = spawn(program, args, { cwd, env: { ...process.env, ...env }, stdio: ['ignore', 'pipe', 'pipe'] });
  const output = Promise.all([text(child.stdout), text(child.stderr)]);
  const [code] = (await once(child, 'close')) as [number | null];
  const printed = (await output).join('');
  if (code !== 0) throw new Error(`${program} ${args.join(' ')} ended with ${String(code)}\n${printed}`);
  return printed;
}

/** Builds and packs the package. @returns the tarball */
export async function pack(folder: string): Promise<string> {
  const printed = await run(root, 'npm', ['pack', '--silent', '--pack-destination', folder]);
  return join(folder, printed.trim().split('\n').at(-1) ?? '');
}

export interface Installation {
  readonly name: 'oldest' | 'newest';
  /** What babel.config.js of that release's template names. */
  readonly babelPreset: string;
  readonly scratch: string;
  readonly tarball: string;
}

/** An app in a folder outside of the repository, so that it finds only what it has installed itself. */
export class Project {
  readonly folder: string;

  private constructor(folder: string) {
    this.folder = folder;
  }

  static async install({ name, babelPreset, scratch, tarball }: Installation): Promise<Project> {
    const folder = join(scratch, name);
    cpSync(join(here, 'app'), folder, { recursive: true });
    for (const file of ['package.json', 'package-lock.json']) cpSync(join(here, name, file), join(folder, file));
    writeFileSync(join(folder, 'babel.config.js'), `module.exports = { presets: ['module:${babelPreset}'] };\n`);
    await run(folder, 'npm', ['ci', '--ignore-scripts', '--no-audit', '--no-fund']);
    // The client has no dependencies; those of the server are left out.
    const holdline = join(folder, 'node_modules/holdline');
    mkdirSync(holdline);
    await run(folder, 'tar', ['xzf', tarball, '--strip-components=1', '-C', holdline]);
    return new Project(folder);
  }

  /** Runs a program below the app's node_modules. */
  run(program: string, args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<string> {
    return run(this.folder, join(this.folder, 'node_modules', program), args, env);
  }

  /** @returns the file with a release bundle for Android, which Metro has not minified */
  async bundle(entry: string, packageExports: string, { wholeApp = false } = {}): Promise<string> {
    const name = `${entry.replace(/\.\w+$/, '')}-${packageExports}.bundle.js`;
    const args = ['build', entry, '--out', name, '--platform', 'android', '--dev', 'false', '--minify', 'false'];
    await this.run('.bin/metro', args, { PACKAGE_EXPORTS: packageExports, WHOLE_APP: wholeApp ? 'yes' : 'no' });
    return join(this.folder, name);
  }
}
