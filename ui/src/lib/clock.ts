/** The time of day at which a message came. One formatter for all: making one costs more than using it. */
const format = new Intl.DateTimeFormat(undefined, { hour: "2-digit", minute: "2-digit" });

export const timeOfDay = (at: string): string => {
  const time = Date.parse(at);
  return Number.isNaN(time) ? "" : format.format(time);
};
