import { openManyFileStores } from '../support/store.ts';
import { testPollStories } from './poll-stories.ts';

testPollStories('SQLite', openManyFileStores, 250);
