import { openFileStore, openMemoryStore } from '../support/store.ts';
import { describeStoreContract, describeStoreRules } from './store-contract.ts';

describeStoreContract('SQLite in a file', openFileStore('full'));
describeStoreRules('SQLite in memory', openMemoryStore);
