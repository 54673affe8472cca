import { listed, type Fault, type ProblemCode } from '../../wire/index.ts';

interface Extras {
  /** All faults of an invalid input. */
  readonly errors?: readonly Fault[];
  readonly headers?: Readonly<Record<string, string>>;
  /** The status where HTTP requires another one than that of the code. */
  readonly status?: number;
}

/** A request that the edge itself refuses. */
export class RequestProblem extends Error {
  override readonly name = 'RequestProblem';
  readonly code: ProblemCode;
  readonly extras: Extras;

  constructor(code: ProblemCode, detail: string, extras: Extras = {}) {
    super(detail);
    this.code = code;
    this.extras = extras;
  }
}

/** @param faults at least one */
export function invalidRequest(faults: Iterable<Fault>, status?: number): RequestProblem {
  const errors = listed(faults);
  const [first] = errors;
  const where = first === undefined ? '' : ` ${first.pointer}: ${first.detail}.`;
  const count = errors.length === 1 ? '1 fault' : `${errors.length} faults`;
  return new RequestProblem('invalid-request', `The request has ${count}.${where}`, {
    errors,
    ...(status !== undefined && { status }),
  });
}
