/** A converter that computes for some 25 ms and waits for nothing. */
import { BenchConverter } from './station.mjs';

export const STEPS = 6_000_000;

export default class Computing extends BenchConverter {
  async convert(source, context) {
    let sum = 0;
    for (let step = 0; step < STEPS; step++) sum = (sum * 31 + step) % 1_000_003;
    return { ...(await super.convert(source, context)), sum };
  }
}
