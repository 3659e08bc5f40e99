/**
 * Randomness that repeats: the same turn gives the same choices. `Math.random` comes from the same
 * seed in each call.
 *
 * The generator is sfc32 (C. Doty-Humphrey, PractRand), which needs no 64-bit integers.
 */
export class Rng {
  /**
   * @param {number} seed a whole number; beyond 2^53 its last digits don't count
   * @param {number} [stream] another one gives other numbers from the same seed
   */
  constructor(seed, stream = 0) {
    this.a = seed >>> 0;
    this.b = Math.floor(seed / 4294967296) >>> 0;
    this.c = 0x9e3779b9 ^ stream;
    this.counter = 1;
    for (let i = 0; i < 12; i += 1) this.next();
  }

  /** A whole number below 2^32. */
  next() {
    const sum = (this.a + this.b + this.counter) | 0;
    this.counter = (this.counter + 1) | 0;
    this.a = this.b ^ (this.b >>> 9);
    this.b = (this.c + (this.c << 3)) | 0;
    this.c = ((this.c << 21) | (this.c >>> 11)) + sum | 0;
    return sum >>> 0;
  }

  /** From 0 up to, but not including, 1. */
  unit() {
    return (this.next() * 2097152 + (this.next() >>> 11)) / 9007199254740992;
  }

  /** A whole number below `bound`; 0 if the bound is 0. */
  below(bound) {
    return Math.floor(this.unit() * bound);
  }

  /** True with this probability. */
  chance(probability) {
    return this.unit() < probability;
  }

  /** One of these; undefined if there are none. */
  pick(from) {
    return from[this.below(from.length)];
  }
}
