export { tearDown as default } from './for-run.ts';
