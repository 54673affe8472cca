import { join } from 'node:path';
import ts from 'typescript';

const root = join(import.meta.dirname, '../../..');

/** As an app that uses the package would be compiled, with the names of the browser at hand. */
const OPTIONS: ts.CompilerOptions = {
  target: ts.ScriptTarget.ES2024,
  lib: ['lib.es2024.d.ts', 'lib.dom.d.ts'],
  module: ts.ModuleKind.ESNext,
  moduleResolution: ts.ModuleResolutionKind.Bundler,
  allowImportingTsExtensions: true,
  strict: true,
  noEmit: true,
  skipLibCheck: true,
  types: ['node'],
  paths: {
    'holdline/client': [join(root, 'src/client/index.ts')],
    'holdline/client/socket': [join(root, 'src/client/socket.ts')],
  },
};

/** Parsed once for all checks: most of their time went into the compiler's own libraries. */
const parsed = new Map<string, ts.SourceFile | undefined>();

/** The compiler's diagnostics of files, which are keyed by their names in the root directory. */
export function typeErrors(files: Readonly<Record<string, string>>, options: ts.CompilerOptions = {}): string[] {
  const given = new Map(Object.entries(files).map(([name, text]) => [join(root, name), text]));
  const all = { ...OPTIONS, ...options };
  const host = ts.createCompilerHost(all);
  const onDisk = { ...host };
  host.fileExists = (name) => given.has(name) || onDisk.fileExists(name);
  host.readFile = (name) => given.get(name) ?? onDisk.readFile(name);
  host.getSourceFile = (name, version, ...rest) => {
    const text = given.get(name);
    if (text !== undefined) return ts.createSourceFile(name, text, version);
    if (!parsed.has(name)) parsed.set(name, onDisk.getSourceFile(name, version, ...rest));
    return parsed.get(name);
  };
  const program = ts.createProgram([...given.keys()], all, host);
  // Apps get declarations: what their compiler would think of our sources is not their business.
  const sources = [...given.keys()].map((name) => program.getSourceFile(name));
  const ofSources = sources.flatMap((source) => ts.getPreEmitDiagnostics(program, source));
  return [...new Set([...ofSources, ...program.getOptionsDiagnostics()])].map(describe);
}

function describe({ file, start, messageText }: ts.Diagnostic): string {
  const line = file === undefined || start === undefined ? 0 : file.getLineAndCharacterOfPosition(start).line + 1;
  return `${file?.fileName.slice(root.length + 1) ?? ''}:${line} ${ts.flattenDiagnosticMessageText(messageText, '\n')}`;
}
