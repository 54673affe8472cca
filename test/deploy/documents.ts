import { readFileSync } from 'node:fs';
import { parseAllDocuments } from 'yaml';
import { deployed } from './proxy.ts';

export type Json = string | number | boolean | null | readonly Json[] | { readonly [key: string]: Json };

/** Every document of a YAML file in deploy/. Fails on an error or a warning of the parser. */
export function yamlOf(path: string): readonly Json[] {
  return parseAllDocuments(readFileSync(deployed(path), 'utf8'), { strict: true }).map((document) => {
    const [fault] = [...document.errors, ...document.warnings];
    if (fault !== undefined) throw fault;
    return document.toJS() as Json;
  });
}

/** Every value under that key, at any depth. */
export function valuesOf(json: Json, key: string): Json[] {
  if (typeof json !== 'object' || json === null) return [];
  return Object.entries(json).flatMap(([name, value]) => [...(name === key ? [value] : []), ...valuesOf(value, key)]);
}

/** Seconds of durations such as `20s`, or of plain numbers. */
export function secondsOf(text: string): number {
  const [, number, unit = 's'] = /^(\d+)(ms|s|m)?$/.exec(text) ?? [];
  if (number === undefined) throw new Error(`"${text}" is no time`);
  return Number(number) * ({ ms: 0.001, s: 1, m: 60 }[unit] ?? NaN);
}
