import { SettingError } from './errors.ts';
import type { Input, Inputs } from './inputs.ts';
import type { Kind } from './parsers.ts';
import type { Row, Table } from './row.ts';

type ValueOf<R extends Row> = R extends { kind: Kind<infer T> }
  ? T | (R extends { default: string } ? never : undefined)
  : never;

/** What a table's built rows are read to. */
export type ValuesOf<T extends Table> = {
  readonly [Key in keyof T as T[Key]['built'] extends true ? Key : never]: ValueOf<T[Key]>;
};

const defaultInput = (row: Row, text: string): Input => ({
  name: row.name,
  shown: `"${text}" (the default)`,
  value: () => row.kind.fromText(text),
});

function readRow(row: Row, given: Input | undefined): unknown {
  if (given !== undefined && !row.built) {
    throw new SettingError(`${given.name} ${given.shown} is not in this version yet: allowed is to leave it unset`);
  }
  const input = given ?? (row.default === undefined ? undefined : defaultInput(row, row.default));
  if (input === undefined) return undefined;
  const result = row.kind.value.safeParse(input.value());
  if (result.success) return result.data;
  const [entry] = result.error.issues[0]?.path ?? [];
  const where = typeof entry === 'number' ? `, entry ${entry + 1}` : '';
  throw new SettingError(`${input.name} ${input.shown} cannot be used${where}: allowed is ${row.kind.allowed}`);
}

/** @throws SettingError for the first row, in the table's order, that cannot be read or is not built and given. */
export function readTable<T extends Table>(table: T, inputs: Inputs): ValuesOf<T> {
  const read = Object.entries(table).map(([key, row]) => ({ key, row, value: readRow(row, inputs(key, row)) }));
  return Object.fromEntries(read.filter(({ row }) => row.built).map(({ key, value }) => [key, value])) as ValuesOf<T>;
}
