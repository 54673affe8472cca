import type { Settings } from '../settings/settings.ts';
import { backupStore } from '../service.ts';

/** Copies the store of the settings into a file, beside a service that runs. @returns what to tell */
export async function backup(settings: Settings, file: string): Promise<string> {
  const { bytes } = await backupStore(settings.store, file);
  return `${file}: ${bytes} bytes, checked\n`;
}
