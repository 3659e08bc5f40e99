/** Keys that are held down. */

/**
 * Has a key that was just pressed do nothing more until it is let go, wherever the focus goes: what it did may have moved
 * the keyboard to where letters are written.
 */
export function once(key: string, page: EventTarget = window): void {
  const over = new AbortController();
  const options = { capture: true, signal: over.signal };
  const pressed = (event: Event) => {
    if (!(event as KeyboardEvent).repeat) return over.abort();
    if ((event as KeyboardEvent).key !== key) return;
    event.preventDefault();
    event.stopImmediatePropagation();
  };
  page.addEventListener("keydown", pressed, options);
  page.addEventListener("keyup", (event) => (event as KeyboardEvent).key === key && over.abort(), options);
}
