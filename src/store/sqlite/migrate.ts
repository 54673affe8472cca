import { readdirSync, readFileSync } from 'node:fs';
import type Database from 'better-sqlite3';
import { z } from 'zod';
import { StoreError } from '../store-error.ts';

/** Resolves from both `src/store/sqlite` and `dist/store/sqlite`. */
const MIGRATIONS = new URL('../../../migrations/', import.meta.url);

/**
 * "HOLD": marks the file as a Holdline database (`PRAGMA application_id`), so that no other database is migrated.
 */
const APPLICATION_ID = 0x484f4c44;

const fileName = z.string().regex(/^\d{3}-[a-z0-9-]+\.sql$/);

/** Migrates the database to the schema of this version: one numbered file per step, all in one transaction. */
export function migrate(db: Database.Database, path: string): void {
  db.transaction(() => {
    const version = checkedVersion(db, path);
    const files = migrationFiles();
    for (const file of files.slice(version)) db.exec(readFileSync(new URL(file, MIGRATIONS), 'utf8'));
    db.pragma(`application_id = ${APPLICATION_ID}`);
    db.pragma(`user_version = ${files.length}`);
  }).immediate();
}

/** @throws StoreError for a database of another program or of a newer version */
export function checkedVersion(db: Database.Database, path: string): number {
  const application = z.int().parse(db.pragma('application_id', { simple: true }));
  const tables = z.int().parse(db.prepare('SELECT count(*) FROM sqlite_schema').pluck().get());
  if (application !== APPLICATION_ID && tables > 0)
    throw new StoreError(`the database ${path} belongs to another program; use another file`);
  const version = z
    .int()
    .min(0)
    .parse(db.pragma('user_version', { simple: true }));
  const known = migrationFiles().length;
  if (version > known) {
    throw new StoreError(
      `the database ${path} has schema ${version}, but this version knows only up to ${known}; run the newer version, or use another file`,
    );
  }
  return version;
}

function migrationFiles(): string[] {
  return readdirSync(MIGRATIONS)
    .filter((name) => name.endsWith('.sql'))
    .sort()
    .map((name) => fileName.parse(name));
}
