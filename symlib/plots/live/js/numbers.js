/* Numbers as words: what axes, sentences and tables show. A minus is a minus, and no number is longer than it is known. */

const RAISED = "⁰¹²³⁴⁵⁶⁷⁸⁹";

/* With so many decimals: fixed(-0.5, 2) is "−0.50". */
export function fixed(value, decimals) {
  const words = Math.abs(value).toFixed(decimals);
  return value < 0 && Number(words) !== 0 ? `−${words}` : words;
}

/* With so many significant digits: "0.0123", "12.3", "1,230"; beyond a million or below a ten-thousandth "1.23·10⁻⁵". */
export function short(value, digits = 3) {
  const size = Math.abs(value);
  if (size === 0) return "0";
  if (size < 1e-4 || size >= 1e6) {
    const [mantissa, exponent] = size.toExponential(digits - 1).split("e");
    return `${value < 0 ? "−" : ""}${mantissa}·${power(Number(exponent))}`;
  }
  const exponent = Number(size.toExponential(digits - 1).split("e")[1]), decimals = Math.max(0, digits - 1 - exponent);
  const [whole, part] = fixed(value, Math.min(decimals, 20)).split(".");
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, ",");
  return part ? `${grouped}.${part}` : grouped;
}

/* 10⁻⁸ of −8. */
export function power(exponent) {
  const digits = [...String(Math.abs(exponent))].map((digit) => RAISED[digit]).join("");
  return `10${exponent < 0 ? "⁻" : ""}${digits}`;
}
