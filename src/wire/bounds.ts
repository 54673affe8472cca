/** Bounds of requests that an operator can set, in whole seconds. */
export type WireBounds = {
  readonly maxTtlSeconds: number;
  readonly defaultTtlSeconds: number;
  readonly maxIdleTimeoutSeconds: number;
  readonly defaultIdleTimeoutSeconds: number;
  readonly maxWaitSeconds: number;
  readonly defaultWaitSeconds: number;
};

/** Messages in one `sendMessages`. */
export const MAX_SEND_BATCH = 32;
/** Messages in one reply of a poll: the maximum and the default. */
export const MAX_RECEIVE_BATCH = 100;
export const DEFAULT_RECEIVE_BATCH = 64;
/** Rooms in one page of `listRooms`: the maximum and the default. */
export const MAX_ROOM_PAGE = 1_000;
export const DEFAULT_ROOM_PAGE = 100;
/** Characters of a participant's name. */
export const MAX_DISPLAY_NAME_CHARACTERS = 128;
/** Bytes of a participant's metadata as JSON in UTF-8. */
export const MAX_METADATA_BYTES = 2_048;
/** Characters of a `callId`. */
export const MAX_CALL_ID_CHARACTERS = 64;
/** Characters of the `reason` in `reject`, `cancel` and `hangup`. */
export const MAX_REASON_CHARACTERS = 64;
