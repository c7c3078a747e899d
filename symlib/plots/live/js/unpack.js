/* Arrays that `packed` of assemble.py wrote into the page: a typed array with its `shape`. */

const KINDS = { float32: Float32Array, float64: Float64Array, int32: Int32Array, uint8: Uint8Array };

export function unpack({ dtype, shape, base64 }) {
  const bytes = Uint8Array.from(atob(base64), (letter) => letter.charCodeAt(0));
  return Object.assign(new KINDS[dtype](bytes.buffer), { shape });
}
