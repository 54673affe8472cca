/** What an operator can put right: one line. */
export class CommandError extends Error {
  override readonly name = 'CommandError';
}
