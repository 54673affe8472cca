import { openManyFileStores } from '../support/store.ts';
import { testPolls } from './poll-properties.ts';

testPolls('SQLite', openManyFileStores, 250);
