import { beforeAll, expect, test } from '@jest/globals';
import type { Page } from 'playwright-core';
import { startService } from '../support/holdline.ts';
import { newRoom } from '../support/member.ts';
import { describeInBrowser, sharedBrowser, takePicture } from './support/browser.ts';
import { Caller } from './support/caller.ts';

/** A laptop, and a phone in portrait and landscape. */
const SCREENS = [
  { width: 1280, height: 800 },
  { width: 844, height: 390 },
  { width: 390, height: 844 },
];
/** Borders and rounding. */
const TOLERANCE_PX = 1;

interface Box {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

const browser = sharedBrowser();
let url: string;
beforeAll(async () => {
  ({ url } = await startService());
});

const tilesOf = (page: Page) => page.getByRole('region', { name: 'Pictures' }).getByRole('figure');

async function boxesOf(page: Page, selector: string): Promise<Box[]> {
  const boxes = await Promise.all((await page.locator(selector).all()).map((element) => element.boundingBox()));
  return boxes.map((box) => {
    if (box === null) throw new Error(`${selector} is not visible`);
    return box;
  });
}

/** The area that two boxes share, in square pixels. */
function shared(a: Box, b: Box): number {
  const width = Math.min(a.x + a.width, b.x + b.width) - Math.max(a.x, b.x) - TOLERANCE_PX;
  const height = Math.min(a.y + a.height, b.y + b.height) - Math.max(a.y, b.y) - TOLERANCE_PX;
  return Math.max(0, width) * Math.max(0, height);
}

/** Checks that all are within the stage, and each is large enough to show a face. */
function expectVisible(boxes: readonly Box[], stage: Box): void {
  for (const box of boxes) {
    expect(shared(box, stage)).toBeGreaterThan(0.97 * box.width * box.height - 2 * (box.width + box.height));
    expect(Math.min(box.width, box.height)).toBeGreaterThan(75);
  }
}

async function forEachScreen(page: Page, look: (boxes: Box[]) => void | Promise<void>): Promise<void> {
  for (const size of SCREENS) {
    await page.setViewportSize(size);
    const boxes = await boxesOf(page, '.tile');
    const [stage] = await boxesOf(page, '.stage');
    if (stage === undefined) throw new Error('there is no stage');
    expectVisible(boxes, stage);
    await look(boxes);
  }
}

const join = (name: string, room: string, media: 'A test picture and tone' | 'Text only' = 'Text only') =>
  Caller.join(browser(), url, { name, room, media });

describeInBrowser('on a phone and on a laptop', () => {
  test('with two participants, the own picture covers a corner of the other one, but not the name', async () => {
    const room = newRoom();
    const { page } = await join('Alice', room, 'A test picture and tone');
    await join('Somebody whose name is long enough to fill the whole width of a phone, and more', room);
    await tilesOf(page).nth(1).waitFor();
    await forEachScreen(page, async ([own, other]) => {
      if (own === undefined || other === undefined) throw new Error('there are not two pictures');
      expect(shared(own, other)).toBeLessThan(0.25 * other.width * other.height);
      const [, caption] = await boxesOf(page, '.tile figcaption');
      expect(caption && shared(own, caption)).toBe(0);
    });
  });

  test('no picture covers another with three and four participants', async () => {
    const room = newRoom();
    const { page } = await join('Alice', room, 'A test picture and tone');
    await join('Bob', room);
    for (const [index, name] of ['Carol', 'Dave'].entries()) {
      await join(name, room);
      await tilesOf(page)
        .nth(index + 2)
        .waitFor();
      await forEachScreen(page, (boxes) => {
        const covered = boxes.flatMap((a, at) => boxes.slice(at + 1).map((b) => shared(a, b)));
        expect(covered.filter((area) => area > 0)).toEqual([]);
      });
      await takePicture(page, `demo-call-of-${index + 3}`);
    }
  });
});
