import fc from 'fast-check';
import { type Operation, type OperationId, describedRows } from '../../src/http/operations/index.ts';
import type { Member } from '../support/member.ts';

export interface FuzzedRequest {
  readonly id: OperationId;
  readonly method: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: Buffer | undefined;
}

/** Mostly valid requests, so that the code behind the checks is reached; each part is sometimes arbitrary. */
export function requests(members: readonly Member[]): fc.Arbitrary<FuzzedRequest> {
  const each = describedRows().map(([id, operation]) => ({
    weight: operation.security === 'public' ? 1 : 8,
    arbitrary: fc
      .record({ path: paths(operation, members), headers: headers(operation, members), body: bodies(operation) })
      .map(({ path, headers: sent, body }) => ({ id, method: operation.method, path, headers: sent, body })),
  }));
  return fc.oneof(...each);
}

/** One of the current members; a run may add some. */
const oneOf = (members: readonly Member[]): fc.Arbitrary<Member | undefined> =>
  fc.nat().map((index) => members[index % members.length]);

const mostly = <T>(usual: fc.Arbitrary<T>, odd: fc.Arbitrary<T>): fc.Arbitrary<T> =>
  fc.oneof({ weight: 5, arbitrary: usual }, { weight: 1, arbitrary: odd });

/** Any Unicode text, including lone surrogates and control characters. */
const anyText = fc.string({ unit: 'binary', maxLength: 80 });

function paths({ path, query }: Operation, members: readonly Member[]): fc.Arbitrary<string> {
  const usual: Record<string, fc.Arbitrary<string>> = {
    roomId: fc.constantFrom('room', 'room', 'room', 'elsewhere'),
    participantId: oneOf(members).map((member) => member?.id ?? 'nobody'),
    code: fc.constantFrom('room-full', 'internal'),
  };
  const names = [...path.matchAll(/\{(\w+)\}/g)].map(([, name = '']) => name);
  const values = names.map((name) => mostly(usual[name] ?? anyText, anyText.map(asPathPart)));
  return fc
    .tuple(fc.tuple(...values), query === undefined ? fc.constant('') : queries(members))
    .map(([parts, asked]) => {
      let index = 0;
      return path.replaceAll(/\{\w+\}/g, () => parts[index++] ?? '') + asked;
    });
}

/** Correctly percent-encoded text, or an invalid escape. */
const asPathPart = (text: string): string =>
  text.length % 3 === 0 ? `%${Buffer.from(text).toString('hex').slice(0, 5)}` : encodeURIComponent(text.toWellFormed());

function queries(members: readonly Member[]): fc.Arbitrary<string> {
  const cursors = fc.oneof(
    oneOf(members).map((member) => member?.joined.cursor ?? ''),
    fc.constantFrom('', '0', 'a.b'),
  );
  const known = fc.tuple(
    fc.constantFrom('after', 'wait', 'limit', 'after', 'other'),
    fc.oneof(cursors, fc.integer().map(String), fc.double().map(String), anyText),
  );
  const text = fc.array(known, { maxLength: 4 }).map((pairs) => `?${String(new URLSearchParams(pairs))}`);
  return mostly(
    text,
    fc.webQueryParameters().map((parameters) => `?${parameters}`),
  );
}

function headers(operation: Operation, members: readonly Member[]): fc.Arbitrary<Record<string, string>> {
  const tokens = oneOf(members).map((member) => `Bearer ${member?.token ?? ''}`);
  const anyValue = fc.stringMatching(/^[\x21-\x7e]{1,60}$/);
  const odd = fc.oneof(
    anyValue,
    anyValue.map((value) => `Bearer ${value}`),
    fc.constant('Bearer a.b.c'),
  );
  const types = fc.constantFrom('text/plain', 'application/json; charset=latin1', 'application/x-www-form-urlencoded');
  return fc
    .record(
      {
        Authorization: mostly(tokens, odd),
        'Content-Type': mostly(fc.constant('application/json'), fc.oneof(types, anyValue)),
        'Idempotency-Key': mostly(fc.stringMatching(/^[a-z]{1,3}$/), anyValue),
        'X-Request-Id': anyValue,
        'Content-Encoding': fc.constantFrom('gzip', 'identity'),
        Origin: anyValue,
        'X-Forwarded-For': anyValue,
      },
      { requiredKeys: ['Authorization', 'Content-Type'] },
    )
    .map((all) => {
      const { 'Content-Encoding': encoding, ...rest } = all;
      return encoding === undefined || operation.body === undefined ? rest : { ...rest, 'Content-Encoding': encoding };
    });
}

function bodies({ body }: Operation): fc.Arbitrary<Buffer | undefined> {
  if (body === undefined)
    return mostly(
      fc.constant(undefined),
      fc.string().map((text) => Buffer.from(text)),
    );
  const mutated = mutations(body.example as Json);
  return fc.oneof(
    { weight: 6, arbitrary: mutated.map((value) => Buffer.from(JSON.stringify(value))) },
    { weight: 1, arbitrary: fc.json({ maxDepth: 6 }).map((text) => Buffer.from(text)) },
    { weight: 1, arbitrary: fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.from(bytes)) },
    { weight: 1, arbitrary: fc.nat(20_000).map((depth) => Buffer.from('['.repeat(depth))) },
    { weight: 1, arbitrary: fc.constant(undefined) },
  );
}

type Json = null | boolean | number | string | readonly Json[] | { readonly [key: string]: Json };

const unusualValues = (): fc.Arbitrary<Json> =>
  fc.oneof(
    fc.jsonValue({ maxDepth: 3, stringUnit: 'binary' }) as fc.Arbitrary<Json>,
    fc.constantFrom<Json>('alice', 'bob', '__proto__', 'v=0\r\n', '', 1e308, -0, 2 ** 53),
    fc.nat(6_000).map((length) => 'x'.repeat(length)),
  );

/** The example body with up to three values replaced, removed or added. */
function mutations(example: Json): fc.Arbitrary<Json> {
  const places = placesIn(example);
  const change = fc.record({
    place: fc.constantFrom(...places),
    value: fc.option(unusualValues(), { nil: undefined }),
  });
  return fc
    .array(change, { maxLength: 3 })
    .map((changes) => changes.reduce<Json>((value, { place, value: other }) => replaced(value, place, other), example));
}

type Place = readonly string[];

function placesIn(value: Json, place: Place = []): Place[] {
  if (typeof value !== 'object' || value === null) return [place];
  return [
    place,
    [...place, 'extra'],
    ...Object.entries(value).flatMap(([key, child]) => placesIn(child, [...place, key])),
  ];
}

function replaced(value: Json, [key, ...rest]: Place, other: Json | undefined): Json {
  if (key === undefined) return other ?? null;
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).filter(([name]) => name !== key || rest.length > 0 || other !== undefined);
  const known = entries.map(([name, child]) => [name, name === key ? replaced(child, rest, other) : child] as const);
  const added = key in value || rest.length > 0 || other === undefined ? [] : [[key, other] as const];
  const all = [...known, ...added];
  return Array.isArray(value) ? all.map(([, child]) => child) : Object.fromEntries(all);
}
