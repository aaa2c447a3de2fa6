export { createTally } from '../../src/domain/shard-tally';
