import { fileURLToPath } from 'node:url';

/** How one client comes into being, and how its conversation is held. */
export interface Generator {
  readonly name: string;
  /** A command; programs of npm packages by their bare names. */
  readonly generate: readonly [program: string, ...args: string[]];
  /** None for languages that cannot run here. */
  readonly converse?: 'typescript' | 'python';
}

const folder = fileURLToPath(new URL('.', import.meta.url));
const openapi31 = fileURLToPath(new URL('../../openapi.yaml', import.meta.url));

/** Where the 3.0.3 form is put: the Java generator reads no newer one. */
export const OPENAPI_30 = `${folder}generated/openapi-3.0.json`;
const JAR = `${folder}node_modules/@openapitools/openapi-generator-cli/bin/openapi-generator.jar`;

/** The folder of a generated client. */
export const outputOf = (name: string): string => `${folder}generated/${name}`;

function java(name: string, converse?: Generator['converse']): Generator {
  const args = ['-i', OPENAPI_30, '-g', name, '-o', outputOf(name)];
  return {
    name,
    generate: ['java', '-jar', JAR, 'generate', ...args],
    ...(converse !== undefined && { converse }),
  };
}

/** The calls are those of `docs/sdk.md`. */
export const GENERATORS: readonly Generator[] = [
  {
    name: 'hey-api',
    generate: ['openapi-ts', '-i', openapi31, '-o', outputOf('hey-api'), '-c', '@hey-api/client-fetch'],
    converse: 'typescript',
  },
  {
    name: 'openapi-fetch',
    generate: ['openapi-typescript', openapi31, '-o', `${outputOf('openapi-fetch')}/schema.ts`],
    converse: 'typescript',
  },
  {
    name: 'oazapfts',
    generate: ['oazapfts', openapi31, `${outputOf('oazapfts')}/api.ts`],
    converse: 'typescript',
  },
  java('typescript-fetch', 'typescript'),
  java('python', 'python'),
  java('go'),
  java('kotlin'),
  java('swift5'),
];
