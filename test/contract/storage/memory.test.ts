import { memoryStorage } from '@spanledger/ledger';
import { describeStorage } from './suite.ts';

describeStorage('memory', () => Promise.resolve(memoryStorage()));
