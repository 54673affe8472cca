import { accessSettings } from './access.ts';
import { roomSettings } from './rooms.ts';
import { serverSettings } from './server.ts';

/** Every setting, in the order of the help and the README. */
export const definitions = { ...serverSettings, ...roomSettings, ...accessSettings };

export type SettingKey = keyof typeof definitions;
