export { bulkJob } from './bulk-job';
export { batch } from './batch';
export { deliverShard } from './deliver-shard';
export { deliverMessage } from './deliver-message';
export { webhookEndpoint } from './webhook-endpoint';
