/** What a 401 says about the credential of the request (RFC 6750, section 3). */
export interface Challenge {
  /** The value of `WWW-Authenticate`. */
  readonly header: string;
  /** What arrived instead of a Bearer credential; empty when one arrived. */
  readonly arrived: string;
}

/**
 * Schemes of the IANA registry, and two that are in wide use. Only these are repeated to the client: what is not a scheme may be a
 * secret that was sent without one.
 */
const OTHER_SCHEMES = [
  ...['Basic', 'Digest', 'Negotiate', 'NTLM', 'DPoP', 'OAuth', 'HOBA', 'Mutual', 'GNAP', 'vapid', 'PrivateToken'],
  ...['SCRAM-SHA-1', 'SCRAM-SHA-256', 'Concealed', 'AWS4-HMAC-SHA256', 'Token'],
];

const REALM = 'Bearer realm="holdline"';
const BEARER_CREDENTIAL = /^Bearer +\S/i;

/**
 * Tells a missing credential from a refused one: RFC 6750 gives no error code when the request carries no Bearer credential.
 * @param authorization the header of the request
 */
export function challengeTo(authorization = ''): Challenge {
  if (BEARER_CREDENTIAL.test(authorization)) return { header: `${REALM}, error="invalid_token"`, arrived: '' };
  return { header: REALM, arrived: `The request carries ${whatArrived(authorization)}.` };
}

function whatArrived(authorization: string): string {
  if (authorization === '') return 'no `Authorization` header';
  const [first = ''] = authorization.split(' ', 1);
  if (/^Bearer$/i.test(first)) return 'the word Bearer without a token';
  const scheme = OTHER_SCHEMES.find((known) => known.toLowerCase() === first.toLowerCase());
  return scheme === undefined ? 'an `Authorization` header that does not begin with Bearer' : `${scheme} credentials`;
}
