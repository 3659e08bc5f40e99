/** Everything that comes between two frames of the screen is one change of the page. */

/** It is shown with the next frame, and after this at the latest, in milliseconds: hidden pages have no frames. */
const SHOWN_WITHIN = 500;

export class Screen {
  #frame: number | null = null;
  #timer: ReturnType<typeof setTimeout> | null = null;

  constructor(readonly show: () => void) {}

  /** Shows what there is with the next frame. */
  schedule(): void {
    this.#frame ??= requestAnimationFrame(() => this.#now());
    this.#timer ??= setTimeout(() => this.#now(), SHOWN_WITHIN);
  }

  cancel(): void {
    if (this.#frame !== null) cancelAnimationFrame(this.#frame);
    if (this.#timer !== null) clearTimeout(this.#timer);
    this.#frame = this.#timer = null;
  }

  #now(): void {
    this.cancel();
    this.show();
  }
}
