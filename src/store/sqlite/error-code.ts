/**
 * SQLite's code of an error, such as `SQLITE_FULL`; empty for any other. Told by the code alone: the driver has one error class
 * for all its instances in a process, whichever was loaded first.
 */
export function sqliteCodeOf(error: unknown): string {
  const code = typeof error === 'object' && error !== null && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && code.startsWith('SQLITE_') ? code : '';
}
