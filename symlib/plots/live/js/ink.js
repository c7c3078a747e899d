/* Small images of ink, sixteen shades of it, as pictures in the colour of the text. */
import { unpack } from "./unpack.js";
import { element } from "./panel.js";

/* The images that `inked` of Python packed: two pixels a byte. A page that turns dark has them drawn anew. */
export function inked(stage, { side, shades }) {
  const bytes = unpack(shades), size = (side * side) / 2, drawn = new Map();
  new MutationObserver(() => stage.redraw()).observe(stage.root, { attributeFilter: ["data-dark"] });
  const sheet = (i) => {
    const colour = getComputedStyle(stage.box).color, key = `${i} ${colour}`;
    if (!drawn.has(key)) drawn.set(key, painted(bytes.subarray(i * size, (i + 1) * size), side, colour));
    return drawn.get(key);
  };
  return {
    count: bytes.length / size,
    /* Onto a canvas of HTML, as large as the page lets it be. */
    onto(canvas, i) {
      const pen = canvas.getContext("2d");
      [canvas.width, canvas.height] = [side, side];
      pen.drawImage(sheet(i), 0, 0);
    },
    /* Into an SVG: its centre and width in pixels, turned to the left by so many degrees. */
    picture(i, [x, y], width, { turn = 0, opacity } = {}) {
      return element("image", {
        href: sheet(i).toDataURL(), x: x - width / 2, y: y - width / 2, width, height: width, opacity,
        transform: turn ? `rotate(${-turn} ${x} ${y})` : undefined,
      });
    },
  };
}

function painted(bytes, side, colour) {
  const canvas = document.createElement("canvas");
  [canvas.width, canvas.height] = [side, side];
  const pen = canvas.getContext("2d"), paper = pen.createImageData(side, side);
  for (const [i, pair] of bytes.entries()) {
    paper.data[8 * i + 3] = 17 * (pair >> 4);
    paper.data[8 * i + 7] = 17 * (pair & 15);
  }
  pen.putImageData(paper, 0, 0);
  pen.globalCompositeOperation = "source-in";
  pen.fillStyle = colour;
  pen.fillRect(0, 0, side, side);
  return canvas;
}
