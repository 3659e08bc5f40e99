/**
 * Keeps the page as high as what is seen of it, so that the send box stays above a keyboard on the
 * screen. Browsers that don't resize the page for it tell so by their visual viewport.
 */
export function fit(): () => void {
  const seen = window.visualViewport;
  if (!seen) return () => {};
  const measure = () => {
    // Somebody who zooms in sees less, and the page is to stay as it is.
    const style = document.documentElement.style;
    if (seen.scale > 1.01) return;
    if (seen.height < window.innerHeight - 1) style.setProperty("--seen", `${seen.height}px`);
    else style.removeProperty("--seen");
  };
  seen.addEventListener("resize", measure);
  measure();
  return () => seen.removeEventListener("resize", measure);
}
