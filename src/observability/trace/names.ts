/** The number of no name. */
export const NO_NAME = 0;

/** Numbers for names, which are counted: when the last use of a name ends, it is forgotten and its number is free. */
export class Names {
  readonly #numbers = new Map<string, number>();
  readonly #names: string[];
  readonly #uses: Uint32Array;
  /** A stack. */
  readonly #free: number[];

  constructor(capacity: number) {
    this.#names = Array.from({ length: capacity + 1 }, () => '');
    this.#uses = new Uint32Array(capacity + 1);
    this.#free = Array.from({ length: capacity }, (_, index) => capacity - index);
  }

  /** @returns `NO_NAME` for an unknown name */
  find(name: string): number {
    return this.#numbers.get(name) ?? NO_NAME;
  }

  nameOf(number: number): string {
    return this.#names[number] ?? '';
  }

  /** Begins a use. @returns `NO_NAME` if no number is free */
  acquire(name: string): number {
    const number = this.#numbers.get(name) ?? this.#add(name);
    if (number !== NO_NAME) this.#count(number, 1);
    return number;
  }

  /** Ends a use. Does nothing for `NO_NAME`. */
  release(number: number): void {
    if (number === NO_NAME || this.#count(number, -1) > 0) return;
    this.#numbers.delete(this.nameOf(number));
    this.#names[number] = '';
    this.#free.push(number);
  }

  #add(name: string): number {
    const number = this.#free.pop();
    if (number === undefined) return NO_NAME;
    // A copy: a slice of a request's target would keep the whole text in memory.
    const copy = Buffer.from(name).toString();
    this.#names[number] = copy;
    this.#numbers.set(copy, number);
    return number;
  }

  #count(number: number, change: number): number {
    return (this.#uses[number] = (this.#uses[number] ?? 0) + change);
  }
}

/** Numbers for the values of a closed set, in the order of their first use. */
export class Codes<Value> {
  readonly #codes = new Map<Value, number>();
  readonly #values: Value[] = [];

  codeOf(value: Value): number {
    const known = this.#codes.get(value);
    if (known !== undefined) return known;
    const code = this.#values.push(value) - 1;
    this.#codes.set(value, code);
    return code;
  }

  valueOf(code: number): Value {
    const value = this.#values[code];
    if (value === undefined) throw new RangeError(`no value has the code ${code}`);
    return value;
  }
}
