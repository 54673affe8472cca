import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { openApi30, openApiDocument, toYaml } from '../src/http/openapi/document.ts';
import { defaultSettings } from '../src/settings/settings.ts';

/**
 * Writes `openapi.yaml`. With `--check`, fails when the committed file is stale or a form of the document is invalid.
 */
const FILE = new URL('../openapi.yaml', import.meta.url).pathname;

// An API key lifts the caps of open mode, which are not the defaults.
const bounds = defaultSettings({ apiKeys: ['0123456789abcdef'] });
const document = openApiDocument({ bounds, version: packageVersion() });
if (process.argv.includes('--check')) check();
else writeFileSync(FILE, toYaml(document));

function packageVersion(): string {
  const { version } = JSON.parse(readFileSync(new URL('../package.json', import.meta.url), 'utf8')) as {
    version: string;
  };
  return version;
}

function check(): void {
  if (readFileSync(FILE, 'utf8') !== toYaml(document)) {
    console.error('openapi.yaml is stale: run `npm run openapi` and commit it');
    process.exitCode = 1;
    return;
  }
  const folder = mkdtempSync(join(tmpdir(), 'openapi-'));
  try {
    const older = join(folder, 'openapi-3.0.json');
    writeFileSync(older, JSON.stringify(openApi30(document)));
    const env = { ...process.env, REDOCLY_TELEMETRY: 'off', REDOCLY_SUPPRESS_UPDATE_NOTICE: 'true' };
    execFileSync(new URL('../node_modules/.bin/redocly', import.meta.url).pathname, ['lint', FILE, older], {
      stdio: 'inherit',
      env,
    });
  } catch {
    process.exitCode = 1; // redocly has printed the reason
  } finally {
    rmSync(folder, { recursive: true });
  }
}
