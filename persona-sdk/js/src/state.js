/** State as the host keeps it: JSON, in UTF-8. */

/**
 * The bytes of a text. QuickJS has no TextEncoder; `encodeURIComponent` is its fastest way to UTF-8.
 */
function encode(text) {
  const bytes = new Uint8Array(text.length);
  for (let i = 0; i < text.length; i += 1) {
    const code = text.charCodeAt(i);
    if (code > 0x7f) return encodeAll(unescape(encodeURIComponent(text)));
    bytes[i] = code;
  }
  return bytes;
}

function encodeAll(latin1) {
  const bytes = new Uint8Array(latin1.length);
  for (let i = 0; i < latin1.length; i += 1) bytes[i] = latin1.charCodeAt(i);
  return bytes;
}

/** The text of bytes that are UTF-8. */
export function decode(bytes) {
  let latin1 = "";
  for (let i = 0; i < bytes.length; i += 4096) {
    latin1 += String.fromCharCode.apply(null, bytes.subarray(i, i + 4096));
  }
  return /^[\x00-\x7f]*$/.test(latin1) ? latin1 : decodeURIComponent(escape(latin1));
}

/** The state's text. JSON leaves out or changes what it has no form for, so that is refused, by its place. */
export function write(state) {
  check(state, "state", []);
  return JSON.stringify(state);
}

export { encode };

function check(value, path, within) {
  if (value === null || typeof value === "string" || typeof value === "boolean") return;
  if (typeof value === "number") {
    if (Number.isFinite(value)) return;
    throw new TypeError(`${path} is ${value}, which JSON has no form for`);
  }
  if (typeof value !== "object") {
    throw new TypeError(`${path} is ${typeof value}, which JSON has no form for`);
  }
  if (within.includes(value)) throw new TypeError(`${path} holds itself`);
  within.push(value);
  if (Array.isArray(value)) {
    value.forEach((item, i) => check(item, `${path}[${i}]`, within));
  } else {
    const proto = Object.getPrototypeOf(value);
    if (proto !== Object.prototype && proto !== null) {
      const kind = proto.constructor?.name ?? "an object of a class";
      throw new TypeError(`${path} is a ${kind}; keep plain objects, arrays, texts and numbers`);
    }
    for (const key of Object.keys(value)) check(value[key], `${path}.${key}`, within);
  }
  within.pop();
}
