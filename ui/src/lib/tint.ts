/**
 * Gives an element its author's colour, as `--tint`; the style sheet makes it readable on its
 * background. Set through the object model, since the page's policy forbids style attributes.
 */
export function tint(color: string | null | undefined): (element: HTMLElement) => void {
  return (element) => {
    if (color && /^#[0-9a-f]{6}$/i.test(color)) element.style.setProperty("--tint", color);
    else element.style.removeProperty("--tint");
  };
}
