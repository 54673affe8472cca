/** `import { createHoldline, defaultSettings } from 'holdline'`: the service, to run or to mount in an Express app. */
export { createHoldline, StoreError, type Holdline, type Overrides } from './service.ts';
export { defaultSettings, loadSettings, SettingError, type Settings } from './settings/settings.ts';
