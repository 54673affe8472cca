export { tearDown as default } from './run-wide.ts';
