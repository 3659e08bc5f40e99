/** How the page looks: what its reader set, and what follows from it. */

import { inTheme, ownColour, readable } from "./colour";
import type { Author } from "./protocol";
import { USUAL, read, write, type Setting, type Settings } from "./settings";

/** The tokens of all backgrounds that a name can stand on. */
export const BACKGROUNDS = ["--page", "--sheet", "--shaded", "--hover", "--named"] as const;

const KEPT_AS = "chatter.settings";

/** What is kept, where the browser keeps anything. */
function kept(): Settings {
  try {
    return read(localStorage.getItem(KEPT_AS));
  } catch {
    return USUAL;
  }
}

export class Look {
  settings = $state.raw<Settings>(USUAL);
  #dark = $state(false);
  #calm = $state(false);
  /** Whether nothing is to move by itself. */
  readonly still = $derived(this.settings.motion === "off" || this.#calm);
  readonly theme = $derived(this.settings.theme === "system" ? (this.#dark ? "dark" : "light") : this.settings.theme);
  readonly #backgrounds = $derived.by(() => {
    const style = getComputedStyle(document.documentElement);
    return BACKGROUNDS.map((name) => inTheme(style.getPropertyValue(name), this.theme));
  });
  /** Colours that were worked out already, on these backgrounds. */
  readonly #colours = $derived.by(() => {
    void this.#backgrounds;
    return new Map<string, string | null>();
  });

  /** Puts the settings into effect, until the function that it gives is called. */
  start(): () => void {
    this.settings = kept();
    const system = matchMedia("(prefers-color-scheme: dark)");
    const motion = matchMedia("(prefers-reduced-motion: reduce)");
    const look = () => {
      this.#dark = system.matches;
      this.#calm = motion.matches;
    };
    look();
    system.addEventListener("change", look);
    motion.addEventListener("change", look);
    // Another tab of the same browser.
    const other = (event: StorageEvent) => {
      if (event.key === KEPT_AS) this.settings = kept();
    };
    addEventListener("storage", other);
    const stop = $effect.root(() => {
      $effect(() => {
        const { theme, size, density, motion } = this.settings;
        Object.assign(document.documentElement.dataset, { theme, size, density, motion });
      });
    });
    return () => {
      stop();
      system.removeEventListener("change", look);
      motion.removeEventListener("change", look);
      removeEventListener("storage", other);
    };
  }

  set<S extends Setting>(setting: S, value: Settings[S]): void {
    this.settings = { ...this.settings, [setting]: value };
    try {
      localStorage.setItem(KEPT_AS, write(this.settings));
    } catch {
      // Holds until the page is closed, then.
    }
  }

  /** An author's colour, readable on each of the page's backgrounds. */
  colour({ id, color }: Pick<Author, "id" | "color">): string | null {
    const own = color && /^#[0-9a-f]{6}$/i.test(color) ? color : ownColour(id);
    const known = this.#colours.get(own);
    if (known !== undefined) return known;
    const shown = readable(own, this.#backgrounds);
    this.#colours.set(own, shown);
    return shown;
  }
}

export const look = new Look();
