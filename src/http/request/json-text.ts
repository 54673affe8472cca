/*
 * Finds the positions of values in a JSON text, so that payloads are relayed unchanged. Parsing and serialising would
 * turn `1e400` into null and drop the last digits of 64-bit numbers. Except for `isDeeperThan`, the text must already
 * have passed JSON.parse.
 */

/** Returns the text of a member's value; the last one for duplicates, like JSON.parse. */
export function memberSource(object: string, name: string): string | undefined {
  let found: string | undefined;
  let at = afterWhite(object, afterWhite(object, 0) + 1);
  while (object[at] === '"') {
    const nameEnd = endOfText(object, at);
    const start = afterWhite(object, afterWhite(object, nameEnd) + 1);
    const end = endOfValue(object, start);
    if (JSON.parse(object.slice(at, nameEnd)) === name) found = object.slice(start, end);
    at = afterComma(object, end);
  }
  return found;
}

/** Returns the texts of an array's elements, in order. */
export function elementSources(array: string): string[] {
  const found: string[] = [];
  let at = afterWhite(array, afterWhite(array, 0) + 1);
  while (at < array.length && array[at] !== ']') {
    const end = endOfValue(array, at);
    found.push(array.slice(at, end));
    at = afterComma(array, end);
  }
  return found;
}

/** A construct in a JSON text that some parsers refuse or read differently. */
export interface JsonFault {
  readonly path: readonly PropertyKey[];
  readonly detail: string;
}

/** Recursive parsers have depth limits of their own; 64 is below those in common use. */
const MAX_LEVELS = 64;

/** Half of a surrogate pair, or a number that may exceed a double. Rare, so most texts need no full scan. */
const SUSPECT = /\\u[dD][89a-fA-F]|[eE]\+?\d{3}|\d{200}/;

/** Whether `unreadable` may find a fault in the text or a part of it, apart from duplicate names. */
export const isSuspect = (json: string): boolean => SUSPECT.test(json) || openings(json, MAX_LEVELS) > MAX_LEVELS;

/**
 * Finds what keeps some parsers from reading a JSON text (RFC 8259, sections 4 and 6 to 9): lone surrogates in strings
 * and names, numbers beyond a double, more than 64 levels; with `namesOnce` also duplicate member names. Stops after
 * `atMost` faults: half a megabyte may hold 100,000 of them.
 */
export function unreadable(json: string, namesOnce: boolean, atMost = 1): JsonFault[] {
  const faults: JsonFault[] = [];
  const open: Container[] = [];
  const pathHere = (): PropertyKey[] => open.map(({ step }) => step);
  let at = afterWhite(json, 0);
  while (at < json.length && faults.length < atMost) {
    const character = json[at] ?? '';
    let end = at + 1;
    if (character === '{' || character === '[') {
      if (open.length === MAX_LEVELS) return [...faults, { path: [], detail: TOO_DEEP }];
      open.push({ step: character === '[' ? 0 : '', names: namesOnce ? new Set() : undefined });
    } else if (character === '}' || character === ']') open.pop();
    else if (character === ',') nextElement(open.at(-1));
    else if (character === '"') {
      end = endOfText(json, at);
      const text = textOf(json.slice(at, end));
      const isName = json[afterWhite(json, end)] === ':';
      const isTwice = isName && enter(open.at(-1), text);
      if (!text.isWellFormed()) faults.push({ path: pathHere(), detail: isName ? BAD_NAME : BAD_TEXT });
      if (isTwice) faults.push({ path: pathHere(), detail: TWICE });
    } else if (character !== ':') {
      end = endOfValue(json, at);
      if (/^[-\d]/.test(character) && !Number.isFinite(Number(json.slice(at, end))))
        faults.push({ path: pathHere(), detail: TOO_LARGE });
    }
    at = afterWhite(json, end);
  }
  return faults;
}

/** Unescapes a string, so that names and surrogates can be compared. */
const textOf = (source: string): string =>
  source.includes('\\') ? (JSON.parse(source) as string) : source.slice(1, -1);

const BAD_TEXT = 'must be well-formed Unicode, without lone surrogates';
const BAD_NAME = 'must have a name that is well-formed Unicode, without lone surrogates';
const TWICE = 'must be given once';
const TOO_LARGE = 'must be a number within the range of a double';
const TOO_DEEP = `must not be nested deeper than ${MAX_LEVELS} levels`;

/** An open object or array, and the position of the scan in it. */
interface Container {
  step: PropertyKey;
  /** Member names so far, where they must differ. */
  readonly names: Set<string> | undefined;
}

function nextElement(container: Container | undefined): void {
  if (typeof container?.step === 'number') container.step += 1;
}

/** @returns whether the name occurred before, where names must differ */
function enter(container: Container | undefined, name: string): boolean {
  if (container === undefined) return false;
  container.step = name;
  const isTwice = container.names?.has(name) === true;
  container.names?.add(name);
  return isTwice;
}

/** Whether objects and arrays are nested deeper than `levels`. Accepts any text, JSON or not; takes linear time. */
export const isDeeperThan = (text: string, levels: number): boolean =>
  openings(text, levels) > levels && endOfBrackets(text, 0, (depth) => depth > levels) !== -1;

/** Counts opening brackets up to `atMost`. Nearly every body has so few that its depth needs no check. */
function openings(json: string, atMost: number): number {
  let count = 0;
  for (const bracket of ['[', '{']) {
    for (let at = json.indexOf(bracket); at !== -1 && count <= atMost; at = json.indexOf(bracket, at + 1)) count += 1;
  }
  return count;
}

const SPACE = 0x20;

/** Between the tokens of JSON, every character up to a space is white space. */
function afterWhite(text: string, from: number): number {
  let at = from;
  while (text.charCodeAt(at) <= SPACE) at += 1;
  return at;
}

function afterComma(text: string, from: number): number {
  const at = afterWhite(text, from);
  return text[at] === ',' ? afterWhite(text, at + 1) : at;
}

const SCALAR = /[^\s,\]}]*/y;

function endOfValue(text: string, start: number): number {
  if (text[start] === '"') return endOfText(text, start);
  if (text[start] === '{' || text[start] === '[') return endOfBrackets(text, start, (depth) => depth === 0);
  SCALAR.lastIndex = start;
  return start + (SCALAR.exec(text)?.[0].length ?? 0);
}

/**
 * Scans brackets from `start`, skipping strings.
 * @returns the index behind the bracket at which `isEnd` is true for the depth; -1 when there is none
 */
function endOfBrackets(text: string, start: number, isEnd: (depth: number) => boolean): number {
  let depth = 0;
  let at = start;
  while (at < text.length) {
    const character = text[at];
    if (character === '"') at = endOfText(text, at);
    else {
      at += 1;
      const change = character === '{' || character === '[' ? 1 : character === '}' || character === ']' ? -1 : 0;
      depth += change;
      if (change !== 0 && isEnd(depth)) return at;
    }
  }
  return -1;
}

/**
 * Scans by hand, because a pattern for strings takes quadratic time on an unterminated one. Such a string ends with the
 * text.
 */
function endOfText(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (quote !== -1 && isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote === -1 ? text.length : quote + 1;
}

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === '\\') before -= 1;
  return (at - before) % 2 === 1;
}
