/* Scales: from data to pixels and back, straight or logarithmic, with the places of their ticks. */
import { fixed, power } from "./numbers.js";

/* `range` is [low, high] of the data, `pixels` where those lie; `log` for a logarithmic scale. */
export function scale({ range: [low, high], pixels: [start, end], log = false }) {
  const bend = log ? Math.log : (value) => value, unbend = log ? Math.exp : (value) => value;
  const from = bend(low), across = bend(high) - from;
  const to = (value) => start + ((bend(value) - from) / across) * (end - start);
  to.back = (pixel) => unbend(from + ((pixel - start) / (end - start)) * across);
  to.clamped = (value) => to(Math.min(Math.max(value, Math.min(low, high)), Math.max(low, high)));
  to.range = [low, high];
  to.log = log;
  return to;
}

/* At most about `count` ticks of a scale, as [value, words]. */
export function ticks(to, count) {
  return to.log ? powersOfTen(to.range, count) : evenSteps(to.range, count);
}

function evenSteps([low, high], count) {
  const rough = (high - low) / Math.max(1, count), size = 10 ** Math.floor(Math.log10(rough));
  const step = size * [1, 2, 5, 10].find((factor) => factor * size >= 0.999 * rough);
  const decimals = Math.max(0, -Math.floor(Math.log10(step) + 1e-9)), found = [];
  for (let i = Math.ceil(low / step - 1e-9); i * step <= high + 1e-9 * step; i += 1) {
    found.push([i * step, fixed(i * step, decimals)]);
  }
  return found;
}

function powersOfTen([low, high], count) {
  const decades = Math.log10(high / low), first = Math.floor(Math.log10(low) - 1e-9), found = [];
  const each = decades * 3 <= count ? [1, 2, 5] : [1];
  const skip = Math.max(1, Math.ceil(decades / Math.max(1, count)));
  for (let exponent = first; exponent <= Math.log10(high) + 1e-9; exponent += 1) {
    if (exponent % skip !== 0) continue;
    for (const factor of each) {
      const value = Number(`${factor}e${exponent}`);
      if (value < low * (1 - 1e-9) || value > high * (1 + 1e-9)) continue;
      found.push([value, exponent < -3 || exponent > 4 ? `${factor > 1 ? `${factor}·` : ""}${power(exponent)}` : String(value)]);
    }
  }
  return found;
}
