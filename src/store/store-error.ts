/** Why a store cannot be opened: one line for the operator. Nothing was changed or deleted. */
export class StoreError extends Error {
  override readonly name = 'StoreError';
}
