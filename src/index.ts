/** `import { createHoldline, defaultSettings } from 'holdline'`: the service, to run or to mount in an Express app. */
export { loadSettings } from './cli/flags.ts';
export {
  createHoldline,
  JoinError,
  StoreError,
  type Fetch,
  type Holdline,
  type JoinFields,
  type JoinResult,
  type Overrides,
} from './service.ts';
export { defaultSettings, SettingError, type Settings } from './settings/settings.ts';
