/**
 * The number of sequential requests that the service answers until the promise is settled: a measure of time that
 * scales with the load of the machine. A round trip takes about a millisecond on an idle machine.
 */
export async function roundTripsUntil(url: string, settled: Promise<unknown>): Promise<number> {
  const state = { isSettled: false };
  const note = (): void => void (state.isSettled = true);
  settled.then(note, note);
  let count = 0;
  for (; !state.isSettled; count += 1) await (await fetch(`${url}/healthz`)).arrayBuffer();
  return count;
}
