import { openManyFileStores } from '../support/store.ts';
import { describeStoreProperties } from './store-properties.ts';

describeStoreProperties('SQLite', openManyFileStores, 300);
