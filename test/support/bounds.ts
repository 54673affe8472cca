import { defaultSettings } from '../../src/settings/settings.ts';
import type { WireBounds } from '../../src/wire/index.ts';

/** The bounds of a server with default settings. The API key lifts the caps of open mode. */
export const DEFAULT_BOUNDS: WireBounds = defaultSettings({ apiKeys: ['0123456789abcdef'] });
