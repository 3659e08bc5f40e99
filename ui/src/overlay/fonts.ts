/** Whether this computer has a font. A browser does not say so; but a text is as wide as without it if it hasn't. */
export function hasFont(name: string): boolean {
  const pen = document.createElement("canvas").getContext("2d");
  if (!pen) return true;
  const width = (family: string) => {
    pen.font = `80px ${family}`;
    return pen.measureText("mmMwWlli1 Quartz").width;
  };
  return ["monospace", "serif"].some((other) => width(`"${name}", ${other}`) !== width(other));
}
