import { readdir, readFile } from 'node:fs/promises';
import { stripTypeScriptTypes } from 'node:module';
import { promisify } from 'node:util';
import { gzip } from 'node:zlib';

/** A part of a page, ready to be sent. */
export interface Asset {
  readonly mediaType: string;
  readonly bytes: Buffer;
  readonly gzipped: Buffer;
}

const SCRIPT = 'text/javascript; charset=utf-8';
const MEDIA_TYPES: Readonly<Record<string, string>> = {
  css: 'text/css; charset=utf-8',
  js: SCRIPT,
  svg: 'image/svg+xml',
  ts: SCRIPT,
};

/**
 * Folders of a page's files, each with its URL path and its location on disk. The first folder that has a file wins.
 */
export type Folders = readonly (readonly [path: string, folder: URL])[];

/**
 * A page and its files, which are read on first request and kept in memory. Only files found in the folders can be
 * requested. URLs mirror the source tree, so that relative imports in scripts resolve unchanged.
 */
export class Site {
  /** URL path of the page, such as `/demo`. Its files lie below it. */
  readonly path: string;
  readonly #folders: Folders;
  readonly #assets = new Map<string, Asset>();
  #files: ReadonlyMap<string, URL> | undefined;
  #html: string | undefined;

  /** @param folders the first one contains `index.html` */
  constructor(path: string, folders: Folders) {
    this.path = path;
    this.#folders = folders;
  }

  /**
   * @param path relative to the site's path
   * @returns `undefined` for an unknown file
   */
  async asset(path: string): Promise<Asset | undefined> {
    this.#files ??= await list(this.#folders);
    // The source tree has TypeScript files in place of the `.js` files that a page refers to.
    const file = this.#files.get(path) ?? this.#files.get(path.replace(/\.js$/, '.ts'));
    if (file === undefined) return undefined;
    const asset = this.#assets.get(file.pathname) ?? (await load(file));
    this.#assets.set(file.pathname, asset);
    return asset;
  }

  /** Returns the page's HTML for a service mounted at `basePath`. */
  async html(basePath: string): Promise<string> {
    this.#html ??= await this.#read();
    const root = `${basePath}${this.path}/`.replaceAll('"', '%22');
    return this.#html.replaceAll(/(?<=(?:href|src)=")\.\//g, root);
  }

  async #read(): Promise<string> {
    const [[prefix, folder] = ['', new URL('file:///')]] = this.#folders;
    return (await readFile(new URL('index.html', folder), 'utf8')).replaceAll('="./', `="./${prefix}`);
  }
}

async function list(folders: Folders): Promise<ReadonlyMap<string, URL>> {
  const files = new Map<string, URL>();
  for (const [prefix, folder] of folders) {
    const names = await readdir(folder).catch(() => []);
    for (const name of names.filter(isServed)) {
      if (!files.has(prefix + name)) files.set(prefix + name, new URL(name, folder));
    }
  }
  return files;
}

const isServed = (name: string): boolean => extensionOf(name) in MEDIA_TYPES && !name.endsWith('.d.ts');
const extensionOf = (name: string): string => name.slice(name.lastIndexOf('.') + 1);

const zip = promisify(gzip);

async function load(file: URL): Promise<Asset> {
  const extension = extensionOf(file.pathname);
  const read = await readFile(file);
  const bytes = extension === 'ts' ? Buffer.from(stripTypeScriptTypes(read.toString(), { mode: 'strip' })) : read;
  return { mediaType: MEDIA_TYPES[extension] ?? '', bytes, gzipped: await zip(bytes) };
}
