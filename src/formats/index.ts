/** Ready-made converters: `millrace/formats`. */
export { JsonConverter, type JsonConverterOptions } from './json-converter.js';
export { WsjfConverter, type WsjfConverterOptions } from './wsjf-converter.js';
