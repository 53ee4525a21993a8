// The chart of the page: how the transports and plain C compare with raw node:net and node:dgram.
import { LIMIT } from "./subjects.mjs";
import { ratio } from "./summary.mjs";
import { workloads } from "./workloads.mjs";

const SERIES = [
  { subject: LIMIT, title: "C, epoll", className: "limit" },
  { subject: "native", title: "native transport", className: "native" },
  { subject: "node-transport", title: "Node transport", className: "node" },
];

const WIDTH = 760;
const LEFT = 216; // for the names of the workloads
const RIGHT = 60; // for the number behind the longest bar
const TOP = 64; // for the title and the legend
const BAR = 12;
const BAR_GAP = 3;
const GROUP_GAP = 14;
const BOTTOM = 34; // for the scale

// Colours that differ in lightness as well, on white and on black.
const STYLE = `
    .paper { fill: #ffffff; }
    text { font: 12px system-ui, sans-serif; fill: #24292f; }
    .number { paint-order: stroke; stroke: #ffffff; stroke-width: 4px; }
    .title { font-size: 14px; font-weight: 600; }
    .scale { fill: #57606a; }
    .grid { stroke: #d0d7de; }
    .one { stroke: #24292f; stroke-width: 1.5; }
    .limit { fill: #8c959f; }
    .native { fill: #0969da; }
    .node { fill: #54aeff; }
    @media (prefers-color-scheme: dark) {
      .paper { fill: #0d1117; }
      text { fill: #e6edf3; }
      .number { stroke: #0d1117; }
      .scale { fill: #9198a1; }
      .grid { stroke: #3d444d; }
      .one { stroke: #e6edf3; }
      .limit { fill: #656c76; }
      .native { fill: #4493f8; }
      .node { fill: #a5d6ff; }
    }`;

function text(x, y, content, { className, anchor = "start" } = {}) {
  const attributes = `${className === undefined ? "" : ` class="${className}"`} text-anchor="${anchor}"`;
  return `<text x="${x}" y="${y}"${attributes}>${content}</text>`;
}

function bar(x, y, width, className) {
  return `<rect x="${x}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2" class="${className}"/>`;
}

function line(x, from, to, className) {
  return `<line x1="${x}" y1="${from}" x2="${x}" y2="${to}" class="${className}"/>`;
}

/** Ratios from a wide span stay readable when the scale ends at a round number. */
function scaleEnd(greatest) {
  const step = greatest > 6 ? 2 : greatest > 3 ? 1 : 0.5;
  return { end: Math.max(1, Math.ceil(greatest / step) * step), step };
}

/**
 * Draws it.
 *
 * @param {Record<string, Record<string, import("./measure.mjs").Outcome>>} measured by workload and subject
 * @returns {string} an SVG
 */
export function drawChart(measured) {
  const groups = workloads
    .filter(({ measure }) => measure === "rate")
    .map(({ name, title, reference, compared }) => ({
      title,
      ratios: SERIES.map(({ subject }) => ratio(measured[name], subject, reference, compared)),
    }));
  const { end, step } = scaleEnd(Math.max(...groups.flatMap(({ ratios }) => ratios.map((value) => value ?? 0))));
  const groupHeight = SERIES.length * (BAR + BAR_GAP) + GROUP_GAP;
  const bottom = TOP + groups.length * groupHeight;
  const x = (value) => LEFT + (value / end) * (WIDTH - LEFT - RIGHT);

  const height = bottom + BOTTOM;
  const parts = [`<rect width="${WIDTH}" height="${height}" class="paper"/>`];
  parts.push(text(16, 24, "How many times what raw node:net and node:dgram reach", { className: "title" }));
  let legend = 16;
  for (const { title, className } of SERIES) {
    parts.push(bar(legend, 37, BAR, className), text(legend + BAR + 6, 47, title));
    legend += BAR + 6 + title.length * 7 + 20;
  }
  for (let value = 0; value <= end; value += step) {
    const place = x(value).toFixed(1);
    parts.push(line(place, TOP, bottom, value === 1 ? "one" : "grid"));
    parts.push(text(place, bottom + 16, value, { className: "scale", anchor: "middle" }));
  }
  if (!Number.isInteger(1 / step)) parts.push(line(x(1).toFixed(1), TOP, bottom, "one"));
  groups.forEach(({ title, ratios }, index) => {
    const top = TOP + index * groupHeight + GROUP_GAP / 2;
    parts.push(text(LEFT - 10, top + groupHeight / 2 - 3, title, { anchor: "end" }));
    ratios.forEach((value, place) => {
      const y = top + place * (BAR + BAR_GAP);
      if (value === null) {
        parts.push(text(LEFT + 5, y + BAR - 2, "not measured", { className: "scale number" }));
        return;
      }
      parts.push(bar(LEFT, y, x(value) - LEFT, SERIES[place].className));
      parts.push(text((x(value) + 5).toFixed(1), y + BAR - 2, value.toFixed(2), { className: "number" }));
    });
  });

  return `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${height}" width="${WIDTH}" height="${height}" role="img">
  <title>Rates of ts-socketserver's transports and of plain C, as multiples of raw node:net and node:dgram</title>
  <style>${STYLE}
  </style>
  ${parts.join("\n  ")}
</svg>
`;
}
