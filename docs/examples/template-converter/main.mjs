/** Runs the tests of the converter: what `node --test docs/examples/template-converter` does, as one of the examples. */
import './converter.test.mjs';
