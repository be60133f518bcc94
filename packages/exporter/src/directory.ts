// What a command needs to know of a data directory before it knows whether it needs the rest of the service.
export { dataDirectory } from './data-directory.ts';
export { ExporterError } from './errors.ts';
