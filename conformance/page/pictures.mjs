// Draws the pictures of docs/server.md: `make page-pictures`.

import { fileURLToPath } from 'node:url';
import { ask, launch, open, ready, serve } from './browser.mjs';
import { start } from './standin.mjs';

process.env.FONTCONFIG_FILE = fileURLToPath(new URL('fonts.conf', import.meta.url));
const out = process.argv[2];
const server = await serve();
const standin = await start(server.url, { delay: 18 });
const browser = await launch();
const wide = { width: 1120, height: 680 };
const shots = [
  { name: 'light', colorScheme: 'light', viewport: wide, panels: ['settings'], talks: ['Explain how rainbows form', 'A function that reverses a string, in Go'] },
  { name: 'dark', colorScheme: 'dark', viewport: wide, panels: ['chats'], talks: ['Explain how rainbows form', 'And at night?'] },
  { name: 'narrow', colorScheme: 'light', viewport: { width: 390, height: 760 }, panels: [], talks: ['A function that reverses a string, in Go'] },
];
for (const { name, panels, talks, ...options } of shots) {
  const faults = [];
  const page = await ready(await open(browser, standin.url, faults, { ...options, deviceScaleFactor: 1.25 }));
  for (const earlier of name === 'dark' ? ['Write a haiku about the sea', 'Plan three days in Seville', 'What is a monad?'] : []) {
    await ask(page, earlier);
    await page.click('#new');
  }
  for (const panel of panels) await page.click(`#${panel}-toggle`);
  if (panels.includes('settings')) {
    await page.fill('#o-system', 'Answer briefly and show code where it helps.');
    await page.fill('#o-temperature', '0.7');
  }
  for (const talk of talks) await ask(page, talk);
  await page.mouse.move(600, 400);
  await page.evaluate(() => document.activeElement.blur());
  if (faults.length > 0) throw new Error(faults.join('\n'));
  await page.screenshot({ path: `${out}/server-${name}.png` });
  await page.context().close();
}
await browser.close();
standin.close();
await server.stop();
