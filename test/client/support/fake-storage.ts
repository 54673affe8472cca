import type { StorageLike } from '../../../src/client/index.ts';

/** Keeps in memory what a page keeps over a reload. */
export class FakeStorage implements StorageLike {
  readonly items = new Map<string, string>();
  getItem(key: string): string | null {
    return this.items.get(key) ?? null;
  }
  setItem(key: string, value: string): void {
    this.items.set(key, value);
  }
  removeItem(key: string): void {
    this.items.delete(key);
  }
  get kept(): unknown {
    const [value] = this.items.values();
    return value === undefined ? undefined : (JSON.parse(value) as unknown);
  }
}
