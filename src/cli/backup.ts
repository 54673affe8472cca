import type { Command } from 'commander';
import { backupStore } from '../service.ts';
import type { Settings } from '../settings/settings.ts';

/** `holdline backup FILE`: copies the store of the settings into a new file, beside a running server. */
export function addBackup(program: Command, settings: () => Settings): void {
  program
    .command('backup <FILE>')
    .summary('Copies the database into a new file, also while the server runs.')
    .description('Copies the database that STORE_URL or --store-url names into a new file, also while the server runs.')
    .action(async (file: string) => {
      const { bytes } = await backupStore(settings().store, file);
      process.stdout.write(`${file}: ${bytes} bytes, checked\n`);
    });
}
