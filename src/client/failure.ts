import { HoldlineError, refusal } from './errors.ts';
import type { Answer } from './http.ts';

/** An answer that is no success. */
export type Failure = Exclude<Answer<unknown>, { kind: 'ok' }>;

/** A refusal of Holdline itself. */
export type Refused = Extract<Failure, { kind: 'problem' }>;

export function errorOf(failure: Failure): HoldlineError {
  if (failure.kind === 'cut') return failure.error;
  const { problem } = failure;
  if (!isStripped(failure)) return refusal(problem);
  const message = 'A proxy on the way removes or replaces the header `Authorization`: configure it to pass that on.';
  return new HoldlineError('authorization-stripped', problem, undefined, message);
}

/** Details of older servers, whose header does not tell a missing credential from a refused one. */
const AMBIGUOUS = /missing, unknown|Bearer`\.$|^The access token/;

/** Whether a credential was sent and, for certain, did not arrive. */
export const isStripped = ({ problem, hasLostCredential }: Refused): boolean =>
  Boolean(hasLostCredential) && !AMBIGUOUS.test(problem.detail);

/** Whether waiting alone does not mend it. */
export const isLasting = (failure: Failure): boolean =>
  failure.kind === 'cut' ? failure.cause === 'foreign' : !failure.problem.retryable;
