import type { Results } from '../results.ts';
import type { WorkloadName } from '../workloads/workload.ts';
import { axis, cpu, figure, type Pick, type Spread } from './aggregate.ts';
import { short } from './tables.ts';

interface Row {
  title: string;
  note: string;
  ours: boolean;
  spread: Spread;
}

interface Panel {
  heading: string;
  unit: string;
  rows: Row[];
}

const WIDTH = 860;
const LABELS = 300;
const FIGURES = 110;
const BAR = 18;
const ROW = 30;
const HEADING = 46;
const MARGIN = 20;

/** Follows the reader's colour scheme; without one it is light. */
const STYLE = `
text { font: 13px system-ui, sans-serif; fill: #1f2328 }
.heading { font-size: 15px; font-weight: 600 }
.note { fill: #59636e; font-size: 11px }
.bar { fill: #afb8c1 }
.ours { fill: #0969da }
.range { stroke: #1f2328; stroke-width: 1.5 }
.ground { fill: #ffffff }
@media (prefers-color-scheme: dark) {
  text { fill: #e6edf3 }
  .note { fill: #9198a1 }
  .bar { fill: #59636e }
  .ours { fill: #4493f8 }
  .range { stroke: #e6edf3 }
  .ground { fill: #0d1117 }
}`;

/** What a message costs and what a held poll takes, as bars: shorter is better. */
export function plot(results: Results): string {
  const last = axis(results, 'held').length - 1;
  const panels: Panel[] = [
    { heading: 'Server CPU per 1,000 delivered messages', unit: 'ms', rows: rows(results, 'calls', cpu, 0) },
    { heading: 'Memory per further held poll', unit: 'KB', rows: rows(results, 'held', memory, last) },
  ].filter((panel) => panel.rows.length > 0);
  let y = MARGIN;
  const drawn = panels.map((panel) => {
    const group = `<g transform="translate(${MARGIN} ${y})">${drawPanel(panel)}</g>`;
    y += HEADING + panel.rows.length * ROW + MARGIN;
    return group;
  });
  const open = `<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 ${WIDTH} ${y}" width="${WIDTH}" height="${y}" role="img">`;
  const ground = `<rect class="ground" width="${WIDTH}" height="${y}" rx="6"/>`;
  return [
    open,
    `<title>${alternative(panels)}</title>`,
    `<style>${STYLE}</style>`,
    ground,
    ...drawn,
    '</svg>',
    '',
  ].join('\n');
}

function memory(point: Parameters<Pick>[0]): number | undefined {
  return point.marginalBytesPerPoll === undefined ? undefined : point.marginalBytesPerPoll / 1024;
}

function rows(results: Results, workload: WorkloadName, pick: Pick, at: number): Row[] {
  return results.systems
    .flatMap(({ name, title, keeps }) => {
      const spread = figure(results, workload, name, pick, at);
      return spread === undefined ? [] : [{ title, note: keeps, ours: name.startsWith('holdline'), spread }];
    })
    .sort((a, b) => a.spread.median - b.spread.median);
}

function drawPanel({ heading, unit, rows: lines }: Panel): string {
  const scale = (WIDTH - 2 * MARGIN - LABELS - FIGURES) / Math.max(...lines.map((row) => row.spread.max));
  const title = `<text class="heading" y="16">${escaped(heading)}</text><text class="note" y="33">${unit}, median and range; shorter is better</text>`;
  return title + lines.map((row, index) => drawRow(row, HEADING + index * ROW, scale, unit)).join('\n');
}

function drawRow({ title, note, ours, spread }: Row, y: number, scale: number, unit: string): string {
  const { median, min, max } = spread;
  const x = (value: number) => (LABELS + value * scale).toFixed(1);
  const middle = y + BAR / 2;
  return [
    `<text y="${y + 8}">${escaped(title)}</text><text class="note" y="${y + 21}">${escaped(note)}</text>`,
    `<rect class="${ours ? 'ours' : 'bar'}" x="${LABELS}" y="${y}" width="${(median * scale).toFixed(1)}" height="${BAR}" rx="2"/>`,
    `<line class="range" x1="${x(min)}" x2="${x(max)}" y1="${middle}" y2="${middle}"/>`,
    `<text x="${Number(x(Math.max(median, max))) + 8}" y="${y + 14}">${short(median)} ${unit}</text>`,
  ].join('');
}

/** The figures as a sentence, for those who do not see the bars. */
function alternative(panels: readonly Panel[]): string {
  const sentence = ({ heading, unit, rows: lines }: Panel) =>
    `${heading}: ${lines.map(({ title, spread }) => `${title} ${short(spread.median)} ${unit}`).join('; ')}.`;
  return escaped(panels.map(sentence).join(' '));
}

function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
