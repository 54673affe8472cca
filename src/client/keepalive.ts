/**
 * Browsers allow 64 KiB of `keepalive` bodies in flight (Fetch, "HTTP-network-or-cache fetch") and refuse what is beyond at once.
 * The quota belongs to the page: its mailboxes and the app share it. Counted in UTF-16 units, of which each takes at most three
 * bytes of UTF-8.
 */
const QUOTA_UNITS = 16_000;

let unitsInFlight = 0;

/** Takes a share of the page's quota. @returns a function that gives it back; `undefined` when too little is left */
export function takeKeepaliveQuota(body: string): (() => void) | undefined {
  const units = body.length;
  if (unitsInFlight + units > QUOTA_UNITS) return undefined;
  unitsInFlight += units;
  return () => void (unitsInFlight -= units);
}
