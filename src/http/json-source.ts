/*
 * Where values stand in a JSON text, so that a payload is passed on as it came: parsed and written again, `1e400` becomes null
 * and 64-bit numbers lose their last digits. Every text here has been through JSON.parse, so that it is known to be JSON.
 */

/** The value of an object's member; of several with this name the last, as JSON.parse has it. */
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

/** The values of an array, in order. */
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

const SPACE = 0x20;

/** Between the tokens of JSON stands nothing below a space but white space. */
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
  if (text[start] === '{' || text[start] === '[') return endOfContainer(text, start);
  SCALAR.lastIndex = start;
  return start + (SCALAR.exec(text)?.[0].length ?? 0);
}

function endOfContainer(text: string, start: number): number {
  let depth = 0;
  let at = start;
  do {
    const character = text[at];
    if (character === '{' || character === '[') depth += 1;
    else if (character === '}' || character === ']') depth -= 1;
    at = character === '"' ? endOfText(text, at) : at + 1;
  } while (depth > 0 && at < text.length);
  return at;
}

function endOfText(text: string, start: number): number {
  let quote = text.indexOf('"', start + 1);
  while (isEscaped(text, quote)) quote = text.indexOf('"', quote + 1);
  return quote + 1;
}

function isEscaped(text: string, at: number): boolean {
  let before = at;
  while (text[before - 1] === '\\') before -= 1;
  return (at - before) % 2 === 1;
}
