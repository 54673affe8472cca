import { z } from 'zod';

type Complain = (issue: { readonly input?: unknown }) => string;

/** The error text of a field: `is required` when it is missing, otherwise what is allowed. */
export function must(allowed: string): { error: Complain } {
  return { error: ({ input }) => (input === undefined ? 'is required' : `must be ${allowed}`) };
}

/** An optional field. Many serialisers write null for absent values; the fault then asks to leave the field out. */
export function omittable<Schema extends z.ZodType>(schema: Schema) {
  const judged = z.preprocess((input, context) => {
    if (input !== null) return input;
    const [issue] = schema.safeParse(null).error?.issues ?? [];
    context.addIssue({ code: 'custom', message: `${issue?.message ?? 'must not be null'}; leave it out` });
    return z.NEVER;
  }, schema);
  return judged.exactOptional();
}

/** An object whose unknown keys are faults: in an envelope they are nearly always typos. */
export function envelope<Shape extends z.core.$ZodLooseShape>(
  shape: Shape,
  noun = 'field',
): z.ZodObject<Shape, z.core.$strict> {
  const known = Object.keys(shape).join(', ');
  return z.strictObject(shape, {
    error: ({ code }) =>
      code === 'unrecognized_keys'
        ? `unknown ${noun}; ${known ? `known: ${known}` : 'none is known here'}`
        : 'must be an object',
  });
}

/** Text of `min` to `max` Unicode code points, as JSON Schema counts them. */
export function text(min: number, max: number): z.ZodString {
  const rule = must(`text of ${min > 0 ? `${String(min)} to` : 'at most'} ${String(max)} characters`);
  return z
    .string(rule)
    .refine((value) => inBounds(value, min, max), rule)
    .refine((value) => value.isWellFormed(), 'must be well-formed Unicode, without lone surrogates')
    .meta({ ...(min > 0 && { minLength: min }), maxLength: max });
}

function inBounds(value: string, min: number, max: number): boolean {
  // A code point takes one or two UTF-16 units, so most texts need no counting.
  if (value.length < min || value.length > 2 * max) return false;
  const characters = value.length <= max && value.length >= 2 * min ? value.length : Array.from(value).length;
  return characters >= min && characters <= max;
}

/** A whole number from `min` to `max`, both allowed. */
export function wholeNumber(min: number, max: number): z.ZodInt {
  const rule = must(`a whole number from ${String(min)} to ${String(max)}`);
  return z.int(rule).min(min, rule).max(max, rule);
}

export const flag = z.boolean(must('true or false'));

/** An array whose length is judged before its items, so that a hostile length costs nothing. */
export function list<Item extends z.ZodType>(item: Item, min: number, max: number): z.ZodType<z.output<Item>[]> {
  const rule = must(`an array of ${String(min)} to ${String(max)}`);
  return z.preprocess(
    (input, context) => {
      if (!Array.isArray(input) || input.length <= max) return input;
      context.addIssue({ code: 'custom', message: rule.error({ input }) });
      return z.NEVER;
    },
    z.array(item, rule).min(min, rule).max(max, rule),
  );
}

/** A time in a response: RFC 3339, UTC, milliseconds. */
export const timestamp = z.iso
  .datetime({ precision: 3 })
  .meta({ description: 'RFC 3339, UTC, with milliseconds.', examples: ['2026-11-22T09:30:00.125Z'] });

export function isObject(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** Formats the values as code in Markdown. */
export const quoted = (values: readonly string[]): string => values.map((value) => `\`${value}\``).join(', ');

/** The query of an operation without parameters. */
export const emptyQuery = envelope({}, 'parameter');

/**
 * Builds the schema of a query with the fields of `schema`: every value is text, and a repeated parameter arrives as an
 * array.
 * @param numbers the fields that are whole numbers, in plain digits
 */
export function queryOf<Shape extends z.core.$ZodLooseShape>(
  { shape }: z.ZodObject<Shape>,
  numbers: readonly (keyof Shape)[],
): z.ZodType<z.output<z.ZodObject<Shape>>> {
  const fields = Object.entries<z.ZodType>(shape).map(([name, field]) => [name, ofText(field, numbers.includes(name))]);
  // `ofText` changes what a field reads, never what it returns; test/openapi/requests.test.ts compares both.
  return envelope(Object.fromEntries(fields) as Shape, 'parameter');
}

function ofText(field: z.ZodType, isNumber: boolean): z.ZodType {
  const parsed = z.preprocess((input, context) => {
    if (typeof input === 'string' && !isNumber) return input;
    if (typeof input === 'string' && /^\d+$/.test(input)) return Math.min(Number(input), Number.MAX_SAFE_INTEGER);
    const [issue] = typeof input === 'string' ? (field.safeParse(input).error?.issues ?? []) : [];
    context.addIssue({ code: 'custom', message: issue ? `${issue.message}, in plain digits` : 'was given twice' });
    return z.NEVER;
  }, field);
  const absent = field.safeParse(undefined).data;
  return absent === undefined ? parsed.exactOptional() : parsed.optional().transform((value) => value ?? absent);
}
