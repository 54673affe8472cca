#!/usr/bin/env node
import { runtimeRefusal } from './cli/runtime.ts';
import { SUPPORTED_NODE } from './version.ts';

// Static imports run before all statements, and those of the command fail on an older Node: they follow this check.
const refusal = runtimeRefusal(process.versions.node, SUPPORTED_NODE);
if (refusal === undefined) {
  const { runCommand } = await import('./cli/command-line.ts');
  await runCommand(process.argv.slice(2));
} else {
  process.stderr.write(`holdline: ${refusal}\n`);
  process.exitCode = 1;
}
