#!/usr/bin/env node
import { nodeVersionProblem } from './version.ts';

// Static imports run before all statements, and an older Node cannot load the command: its import follows this check.
const problem = nodeVersionProblem();
if (problem === undefined) {
  const { runCommand } = await import('./cli/command-line.ts');
  await runCommand(process.argv.slice(2));
} else {
  process.stderr.write(`holdline: ${problem}\n`);
  process.exitCode = 1;
}
