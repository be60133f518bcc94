export { Intake } from './intake.ts';
export { Producers } from './producers.ts';
export { keepProducers, restoreProducers } from './producers-file.ts';
export { receiveRoutes } from './routes.ts';
export { decodeGroup, decodeTraceRequest } from './wire/trace-request.ts';
export { KeyTable } from './wire/key-table.ts';
