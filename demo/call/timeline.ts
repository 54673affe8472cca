import { byId } from './dom.ts';

const WINDOW_MS = 60_000;
const WIDTH = 600;
const SVG = 'http://www.w3.org/2000/svg';

export type MarkKind = 'poll' | 'cut' | 'socket' | 'sent' | 'received';

interface Mark {
  readonly kind: MarkKind;
  readonly fromMs: number;
  readonly untilMs: number;
}

/** Polls and the socket along the middle, sent messages above them, received ones below. */
const BANDS: Readonly<Record<MarkKind, { readonly y: number; readonly height: number }>> = {
  sent: { y: 2, height: 12 },
  poll: { y: 18, height: 8 },
  cut: { y: 18, height: 8 },
  socket: { y: 18, height: 8 },
  received: { y: 30, height: 12 },
};

/** The last minute as a picture: held polls, the socket, sent and received messages. */
export class Timeline {
  readonly #svg = byId('timeline', SVGSVGElement);
  #marks: Mark[] = [];
  /** A poll that is held, or a socket that reads. */
  #reading: Omit<Mark, 'untilMs'> | undefined;

  begin(kind: 'poll' | 'socket'): void {
    this.end();
    this.#reading = { kind, fromMs: Date.now() };
  }

  /** Reading ends in another way than by the answer to a poll. */
  end(): void {
    if (this.#reading !== undefined) this.#marks.push({ ...this.#reading, untilMs: Date.now() });
    this.#reading = undefined;
  }

  mark(kind: Exclude<MarkKind, 'socket'>, durationMs: number): void {
    const untilMs = Date.now();
    if ((kind === 'poll' || kind === 'cut') && this.#reading?.kind === 'poll') this.#reading = undefined;
    this.#marks.push({ kind, fromMs: untilMs - durationMs, untilMs });
  }

  clear(): void {
    this.#marks = [];
    this.#reading = undefined;
    this.draw();
  }

  draw(): void {
    const nowMs = Date.now();
    this.#marks = this.#marks.filter(({ untilMs }) => nowMs - untilMs < WINDOW_MS);
    const reading: Mark[] = this.#reading === undefined ? [] : [{ ...this.#reading, untilMs: nowMs }];
    this.#svg.replaceChildren(...[...this.#marks, ...reading].map((mark) => rectangle(mark, nowMs)));
  }
}

function rectangle({ kind, fromMs, untilMs }: Mark, nowMs: number): SVGRectElement {
  const xOf = (ms: number): number => Math.max(0, WIDTH * (1 - (nowMs - ms) / WINDOW_MS));
  const isSpan = kind === 'poll' || kind === 'cut' || kind === 'socket';
  const x = isSpan ? xOf(fromMs) : xOf(untilMs) - 3;
  // One unit stays free between two polls, to keep them apart.
  const width = isSpan ? Math.max(1, xOf(untilMs) - x - 1) : 3;
  const element = document.createElementNS(SVG, 'rect');
  const { y, height } = BANDS[kind];
  for (const [name, value] of Object.entries({ x, y, width, height, rx: 1.5 }))
    element.setAttribute(name, value.toFixed(1));
  element.setAttribute('class', kind);
  return element;
}
