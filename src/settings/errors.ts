/** A setting that cannot be used. The message is one line for a person and never holds a secret's value. */
export class SettingError extends Error {
  override readonly name: string = 'SettingError';
}

/** A command line that cannot be understood at all: an unknown flag, a missing value, a stray word. */
export class UsageError extends SettingError {
  override readonly name = 'UsageError';
}
