import { openFileStore } from '../support/store.ts';
import { describeStoreProperties } from './store-properties.ts';

describeStoreProperties('SQLite', openFileStore('normal'), 300);
