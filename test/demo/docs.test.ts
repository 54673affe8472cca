import { beforeAll, expect, test } from '@jest/globals';
import type { Locator, Page } from 'playwright-core';
import { startService } from '../support/holdline.ts';
import { newRoom } from '../support/member.ts';
import { describeInBrowser, openPage, sharedBrowser, takePicture } from './support/browser.ts';

const browser = sharedBrowser();
let url: string;
beforeAll(async () => {
  ({ url } = await startService());
});

/** Opens an operation, fills in its path, and calls it. @returns its block */
async function tryOut(page: Page, operationId: string, roomId: string): Promise<Locator> {
  const block = page.locator(`.opblock[id$="-${operationId}"]`);
  await block.locator('.opblock-summary-control').click();
  await block.getByPlaceholder('roomId').fill(roomId);
  const body = block.locator('textarea.body-param__text');
  if ((await body.count()) > 0) await body.fill('{"participantId":"reader"}');
  await block.getByRole('button', { name: 'Execute' }).click();
  await block.locator('.live-responses-table td.response-col_status:not(.col_header)').waitFor();
  return block;
}

const statusOf = (block: Locator): Promise<string> =>
  block.locator('.live-responses-table td.response-col_status:not(.col_header)').first().innerText();

describeInBrowser('/docs', () => {
  test('shows every operation, and calls operations of the same server with the token of a join', async () => {
    const { page, errors, origins } = await openPage(browser(), { viewport: { width: 1280, height: 900 } });
    await page.goto(`${url}/docs`);
    await page.getByText('joinRoom', { exact: true }).first().waitFor();
    expect(await page.locator('.opblock').count()).toBeGreaterThanOrEqual(20);
    await takePicture(page, 'docs');

    const roomId = newRoom();
    const join = await tryOut(page, 'joinRoom', roomId);
    expect(await statusOf(join)).toMatch(/^201/);
    const { token } = JSON.parse(await join.locator('.live-responses-table code').first().innerText()) as {
      token: string;
    };
    await takePicture(page, 'docs-joined');

    await page.getByRole('button', { name: 'Authorize', exact: true }).first().click();
    const dialog = page.locator('.modal-ux');
    await dialog.locator('input').fill(token);
    await dialog.getByRole('button', { name: 'Apply credentials' }).click();
    await dialog.getByRole('button', { name: 'Close' }).last().click();

    const list = await tryOut(page, 'listParticipants', roomId);
    expect(await statusOf(list)).toMatch(/^200/);
    expect(await list.locator('.live-responses-table').innerText()).toContain('"reader"');
    expect(errors).toEqual([]);
    expect([...origins]).toEqual([url]);
  });

  test('follows the dark colour scheme, and fits a phone', async () => {
    const { page } = await openPage(browser(), { viewport: { width: 390, height: 844 }, colorScheme: 'dark' });
    await page.goto(`${url}/docs`);
    await page.getByText('joinRoom', { exact: true }).first().waitFor();
    await takePicture(page, 'docs-phone-dark');
    const { width } = (await page.locator('#reference').boundingBox()) ?? { width: 0 };
    expect(width).toBeLessThanOrEqual(390);
  });
});
