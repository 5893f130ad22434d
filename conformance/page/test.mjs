// The chat page in a browser: `make page-test`. The page and its headers are those of a
// real server; most answers are the stand-in's.

import assert from 'node:assert/strict';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { after, before, test } from 'node:test';
import { answered, ask, launch, open, ready, serve } from './browser.mjs';
import { start } from './standin.mjs';

const axeSource = await readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');

let browser;
let server; // the real one
const standins = [];
before(async () => {
  server = await serve();
  browser = await launch();
});
after(async () => {
  await browser.close();
  for (const s of standins) s.close();
  assert.equal(await server.stop(), 0, 'the server ends with status 0');
});

// on opens the page over a stand-in of its own and fails where anything went wrong that
// the test does not look for.
function on(name, options, body) {
  test(name, { timeout: 60_000 }, async () => {
    const standin = await start(server.url, options.standin);
    standins.push(standin);
    const faults = [];
    const page = await open(browser, standin.url, faults, options.context);
    try {
      await body(page, standin);
      assert.deepEqual(await page.evaluate(() => window.violations), [], 'violations of the security policy');
      assert.deepEqual(faults, []);
    } finally {
      await page.context().close();
    }
  });
}

const turns = (page) => page.locator('#turns > article');
const lastText = (page) => turns(page).last().locator('.content').innerText();

on('an answer streams in, and its measures stand below it', { standin: { delay: 10 } }, async (page, { seen }) => {
  await ready(page);
  await page.fill('#input', 'Explain how rainbows form');
  await page.press('#input', 'Enter');
  await page.waitForFunction(() => document.querySelector('.assistant .content')?.textContent.length > 20);
  assert.equal(await page.getAttribute('#send', 'aria-label'), 'Stop', 'text is there before the end');
  await answered(page);
  assert.match(await turns(page).last().innerText(), /make the bow\.[\s\S]*\d+ tokens · [\d.]+ tokens\/s · first after/);
  assert.equal(seen.requests[0].session.length, 32);
  await ask(page, 'And at night?');
  assert.deepEqual(seen.requests[1].body.messages.map((m) => m.role), ['user', 'assistant', 'user']);
  assert.equal(seen.requests[1].session, seen.requests[0].session);
  assert.match(await turns(page).last().innerText(), /96 of 120 prompt tokens reused/);
});

on('stopping ends the answer on the server too, by button and by key', {}, async (page, { seen }) => {
  await ready(page);
  for (const [n, stop] of [() => page.click('#send'), () => page.keyboard.press('Escape')].entries()) {
    await page.fill('#input', 'endless');
    await page.press('#input', 'Enter');
    await page.waitForFunction((n) => document.querySelectorAll('.assistant')[n]?.textContent.includes('word word'), n);
    await stop();
    await answered(page);
    assert.match(await turns(page).last().innerText(), /stopped · \d+ tokens/);
    await new Promise((ok) => { const look = () => (seen.aborted > n ? ok() : setTimeout(look, 5)); look(); });
  }
});

on('a message can be edited, and what followed it is gone', {}, async (page, { seen }) => {
  await ready(page);
  await ask(page, 'one');
  await ask(page, 'two');
  await turns(page).nth(0).hover();
  await turns(page).nth(0).getByRole('button', { name: 'Edit message' }).click();
  await page.keyboard.press('Escape');
  assert.equal(await turns(page).count(), 4);
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Edit message');
  await page.keyboard.press('Enter');
  await page.getByRole('textbox', { name: 'Edit message' }).fill('three');
  await page.keyboard.press('Enter');
  await page.waitForFunction(() => document.querySelectorAll('#turns > article').length === 2);
  await answered(page);
  assert.match(await lastText(page), /You said: three/);
  assert.deepEqual(seen.requests.at(-1).body.messages, [{ role: 'user', content: 'three' }]);
});

on('an answer can be made again, and both versions are kept', {}, async (page, { seen }) => {
  await ready(page);
  await ask(page, 'again');
  await turns(page).last().getByRole('button', { name: 'Try again' }).click();
  await answered(page);
  assert.match(await turns(page).last().innerText(), /Version 2\.[\s\S]*2\/2/);
  await turns(page).last().getByRole('button', { name: 'Earlier version' }).click();
  assert.match(await turns(page).last().innerText(), /Version 1\.[\s\S]*1\/2/);
  await ask(page, 'and on');
  assert.match(seen.requests.at(-1).body.messages[1].content, /Version 1\./);
});

on('HTML and scripts in messages and answers stay text', {}, async (page) => {
  await ready(page);
  await ask(page, 'hostile <img src=x onerror="window.pwned=9"><b>me</b>');
  const found = await page.evaluate(() => ({
    pwned: window.pwned,
    elements: [...document.querySelectorAll('#turns *')].map((e) => e.localName).filter((n) => ['img', 'script', 'a', 'b', 'i', 'style', 'iframe'].includes(n)),
  }));
  assert.deepEqual(found, { pwned: undefined, elements: [] });
  const text = await lastText(page);
  for (const part of ['<script>window.pwned=2</script>', '<b>bold</b>', '</code></pre><script>', '[a](javascript:', '&lt;i&gt;']) assert.ok(text.includes(part), part);
  assert.match(await turns(page).first().innerText(), /<b>me<\/b>/);
  // The list has it, and so does the title of the window.
  await page.click('#chats-toggle');
  assert.match(await page.locator('#chat-list').innerText(), /<img src=x/);
});

test('the security policy holds: strings are no HTML and nothing comes from elsewhere', async () => {
  const page = await open(browser, server.url, []);
  const refused = await page.evaluate(async () => {
    const tried = {};
    try { document.body.innerHTML = '<p>x</p>'; } catch (e) { tried.html = e.name; }
    await fetch('http://127.0.0.1:1/').catch((e) => { tried.fetch = e.name; });
    const script = document.createElement('script');
    script.append('window.inline = 1');
    try { document.head.append(script); } catch (e) { tried.script = e.name; }
    return { ...tried, inline: window.inline };
  });
  assert.deepEqual({ html: refused.html, fetch: refused.fetch, inline: refused.inline }, { html: 'TypeError', fetch: 'TypeError', inline: undefined });
  const headers = (await fetch(server.url)).headers;
  assert.match(headers.get('content-security-policy'), /^default-src 'none'; script-src 'self'; .*frame-ancestors 'none'/);
  assert.equal(headers.get('x-content-type-options'), 'nosniff');
  assert.equal(headers.get('referrer-policy'), 'no-referrer');
  await page.context().close();
});

on('code is set apart and can be copied, thinking is folded', { context: { permissions: ['clipboard-read', 'clipboard-write'] } }, async (page) => {
  await ready(page);
  await ask(page, 'A function that reverses a string, in Go');
  const answer = turns(page).last();
  assert.equal(await answer.locator('pre').count(), 1);
  assert.equal(await answer.locator('.reasoning').getAttribute('open'), null);
  assert.equal(await answer.locator('.reasoning .text').isVisible(), false);
  await answer.locator('summary').click();
  assert.match(await answer.locator('.reasoning .text').innerText(), /go through runes/);
  await answer.getByRole('button', { name: 'Copy code' }).click();
  assert.match(await page.evaluate(() => navigator.clipboard.readText()), /^func Reverse\(s string\) string \{\n\tr := /);
  assert.equal(await answer.locator('.content code').first().innerText().then((t) => t.includes('`')), false);
});

on('what is long, or made to take long, is shown as it is', {}, async (page) => {
  await ready(page);
  await ask(page, 'pairs');
  const [text, code, end] = await turns(page).last().locator('.content > *').allInnerTexts();
  assert.equal(text, '😀'.repeat(5000));
  assert.equal(code.replace(/^code\s+Copy\s+/, ''), 'x'.repeat(9000) + '\n``` ' + 'y'.repeat(5000));
  assert.equal(end, 'end é.');
  await ask(page, 'backticks');
  assert.equal((await turns(page).last().locator('.content').evaluate((e) => e.textContent)).replaceAll('`', ''), 'a b c '.repeat(30_000).trimEnd() + ' ');
  assert.equal(await page.isVisible('#banner'), false);
});

on('all of it can be used with the keyboard alone', {}, async (page) => {
  await ready(page);
  const focused = () => page.evaluate(() => document.activeElement.getAttribute('aria-label') ?? document.activeElement.id ?? '');
  const order = [];
  await page.locator('.skip').focus();
  order.push(await page.evaluate(() => document.activeElement.textContent));
  for (let n = 0; n < 12; n++) {
    await page.keyboard.press('Tab');
    order.push(await page.evaluate(() => document.activeElement.getAttribute('aria-label') || document.activeElement.id || document.activeElement.textContent.slice(0, 24)));
  }
  assert.deepEqual(order.slice(0, 7), ['Skip to the message box', 'Conversations', 'model', 'New conversation', 'Theme: as the system has it', 'Settings', 'Conversation']);
  assert.deepEqual(order.slice(7, 11), ['Explain how rainbows for', 'Write a haiku about the ', 'A function that reverses', 'input']);
  await page.locator('#input').focus();
  await page.keyboard.type('hello');
  await page.keyboard.press('Shift+Enter');
  await page.keyboard.type('world');
  await page.keyboard.press('Enter');
  await answered(page);
  assert.match(await turns(page).first().innerText(), /hello\nworld/);
  assert.equal(await focused(), 'input', 'one can go on writing');
  await page.keyboard.press('Shift+Tab');
  assert.equal(await focused(), 'Try again');
  await page.keyboard.press('Enter');
  await answered(page);
  assert.match(await turns(page).last().innerText(), /2\/2/);
  // Where the focus is can be seen.
  await page.keyboard.press('Shift+Tab');
  const outline = await page.evaluate(() => getComputedStyle(document.activeElement).outlineStyle);
  assert.notEqual(outline, 'none');
});

on('a panel on a narrow screen keeps the focus and gives it back', { context: { viewport: { width: 390, height: 780 } } }, async (page) => {
  await ready(page);
  await page.focus('#settings-toggle');
  await page.keyboard.press('Enter');
  assert.equal(await page.evaluate(() => document.activeElement.getAttribute('aria-label')), 'Close settings');
  assert.equal(await page.evaluate(() => document.querySelector('main').inert), true);
  await page.keyboard.press('Escape');
  assert.equal(await page.evaluate(() => document.activeElement.id), 'settings-toggle');
  assert.equal(await page.evaluate(() => document.querySelector('main').inert), false);
});

on('a screen reader hears of an answer when it is there, not of each token', {}, async (page) => {
  await ready(page);
  await page.evaluate(() => {
    window.said = [];
    new MutationObserver(() => window.said.push(document.getElementById('said').textContent)).observe(document.getElementById('said'), { childList: true, characterData: true, subtree: true });
  });
  await ask(page, 'Explain how rainbows form');
  await page.waitForFunction(() => window.said.at(-1)?.startsWith('Answer: Sunlight'));
  assert.equal(await page.evaluate(() => window.said.length), 2);
  const live = await page.evaluate(() => [...document.querySelectorAll('[aria-live]:not([aria-live=off])')].map((e) => e.id));
  assert.deepEqual(live, ['said']);
});

for (const colorScheme of ['light', 'dark']) {
  on(`no fault of accessibility in ${colorScheme}`, { context: { colorScheme, bypassCSP: true } }, async (page) => {
    await ready(page);
    await page.evaluate(axeSource);
    const check = async (where) => {
      await page.evaluate(() => Promise.all(document.getAnimations().map((a) => a.finish?.call(a)?.catch?.(() => {}))).catch(() => {}));
      const { violations } = await page.evaluate(() => window.axe.run(document, { runOnly: ['wcag2a', 'wcag2aa', 'wcag21a', 'wcag21aa', 'wcag22aa', 'best-practice'] }));
      assert.deepEqual(violations.map((v) => `${where}: ${v.id}: ${v.nodes.map((n) => n.html.slice(0, 160)).join(' | ')}`), []);
    };
    await check('welcome');
    await ask(page, 'A function that reverses a string, in Go');
    await ask(page, 'busy');
    await page.click('#chats-toggle');
    await page.click('#settings-toggle');
    await page.fill('#o-temperature', '7');
    await check('conversation');
    await turns(page).first().getByRole('button', { name: 'Edit message' }).click();
    await check('editing');
    await page.setViewportSize({ width: 390, height: 780 });
    await check('narrow');
    await page.click('#settings-toggle');
    await check('narrow, with the settings');
  });
}

on('the theme follows the system until another is chosen, which is kept', { context: { colorScheme: 'dark' } }, async (page) => {
  await ready(page);
  const dark = () => page.evaluate(() => getComputedStyle(document.body).backgroundColor === 'rgb(22, 24, 29)');
  assert.equal(await dark(), true);
  await page.click('#theme');
  assert.equal(await dark(), false);
  await page.reload();
  assert.equal(await dark(), false);
  assert.equal(await page.getAttribute('#theme', 'aria-label'), 'Theme: light');
  await page.click('#theme');
  await page.click('#theme');
  await page.emulateMedia({ colorScheme: 'light' });
  assert.equal(await dark(), false);
  await page.emulateMedia({ reducedMotion: 'reduce' });
  assert.equal(await page.evaluate(() => getComputedStyle(document.querySelector('#send')).animationName), 'none');
});

on('a key is asked for, and forgotten with the tab', { standin: { key: 'secret' } }, async (page, { url }) => {
  await page.waitForSelector('#settings:not([hidden])');
  assert.match(await page.innerText('#banner'), /wants an API key/);
  assert.equal(await page.evaluate(() => document.activeElement.id), 'o-key');
  await page.keyboard.type('secret');
  await page.keyboard.press('Tab');
  await ready(page);
  await ask(page, 'hello');
  assert.match(await lastText(page), /You said: hello/);
  assert.deepEqual(await page.evaluate(() => [sessionStorage.getItem('coreml.key'), JSON.stringify(localStorage).includes('secret')]), ['secret', false]);
  await page.reload();
  await ready(page);
  const other = await page.context().newPage();
  await other.goto(url);
  await other.waitForSelector('#settings:not([hidden])');
});

on('the page waits for models that are being loaded', { standin: { loading: 1 } }, async (page) => {
  await page.waitForFunction(() => /loading/.test(document.getElementById('banner').textContent));
  await page.fill('#input', 'hello');
  assert.equal(await page.isDisabled('#send'), true);
  await ready(page);
  assert.equal(await page.isVisible('#banner'), false);
  assert.equal(await page.isEnabled('#send'), true);
});

on('errors are said plainly, and the answer can be asked for again', {}, async (page, { seen }) => {
  await ready(page);
  for (const [text, want] of [
    ['busy', 'The server is busy: try again in 2 s.'],
    ['refuse', 'top_k is 0.5: it must be a whole number (top_k)'],
    ['break', 'The connection to the server was lost.'],
    ['late fault', 'the model failed'],
  ]) {
    await ask(page, text);
    assert.equal(await turns(page).last().locator('.fault').innerText(), want);
    assert.equal(await turns(page).last().getByRole('button', { name: 'Try again' }).isVisible(), true);
  }
  assert.match(await turns(page).last().innerText(), /It was going/);
  // What failed without a word is no message of the next request.
  assert.deepEqual(seen.requests[2].body.messages, [{ role: 'user', content: 'busy\n\nrefuse\n\nbreak' }]);
});

on('settings go into the request, wrong ones do not', {}, async (page, { seen }) => {
  await ready(page);
  await page.click('#settings-toggle');
  await page.fill('#o-system', 'Be brief.');
  await page.fill('#o-temperature', '0.7');
  await page.fill('#o-top_k', '40');
  await page.fill('#o-top_p', '3');
  await page.fill('#o-stop', 'END\n\nSTOP');
  assert.equal(await page.innerText('#o-top_p-bad'), '1 is the most.');
  await ask(page, 'hello');
  const { body } = seen.requests[0];
  assert.deepEqual([body.temperature, body.top_k, body.top_p, body.stop], [0.7, 40, undefined, ['END', 'STOP']]);
  assert.deepEqual(body.messages[0], { role: 'system', content: 'Be brief.' });
  assert.deepEqual([body.stream, body.stream_options, body.model], [true, { include_usage: true }, 'Model']);
  await page.click('#own');
  assert.equal(await page.inputValue('#o-temperature'), '');
  await ask(page, 'hello');
  assert.deepEqual([seen.requests[1].body.temperature, seen.requests[1].body.stop], [undefined, undefined]);
});

on('conversations are kept, listed, deleted, taken back and exported', {}, async (page) => {
  await ready(page);
  await ask(page, 'first talk');
  await page.click('#new');
  assert.equal(await page.isVisible('#welcome'), true);
  await ask(page, 'second talk');
  await page.reload();
  await ready(page);
  await page.click('#chats-toggle');
  assert.deepEqual(await page.locator('#chat-list .open').allInnerTexts(), ['second talk', 'first talk']);
  await page.getByRole('button', { name: 'first talk', exact: true }).click();
  assert.match(await lastText(page), /You said: first talk/);
  const [file] = await Promise.all([page.waitForEvent('download'), page.click('#export')]);
  assert.deepEqual(JSON.parse(await readFile(await file.path(), 'utf8')).messages.map((m) => m.content), ['first talk', 'You said: first talk']);
  await page.getByRole('button', { name: 'Delete “first talk”' }).click();
  assert.deepEqual(await page.locator('#chat-list .open').allInnerTexts(), ['second talk']);
  await page.getByRole('button', { name: 'Undo' }).click();
  assert.equal(await page.locator('#chat-list .open').count(), 2);
  await page.click('#clear');
  assert.equal(await page.evaluate(() => Object.keys(localStorage).filter((k) => k.includes('conversation')).length), 0);
});

on('the end stays in sight unless one scrolls up', {}, async (page) => {
  await ready(page);
  await ask(page, 'long');
  const away = () => page.evaluate(() => { const l = document.getElementById('log'); return l.scrollHeight - l.scrollTop - l.clientHeight; });
  assert.ok(await away() < 4);
  await page.evaluate(() => { document.getElementById('log').scrollTop = 0; });
  await page.waitForSelector('#latest:not([hidden])');
  await page.click('#latest');
  assert.ok(await away() < 4);
});

on('nothing is wider than a small screen', { context: { viewport: { width: 320, height: 568 } } }, async (page) => {
  await ready(page);
  await ask(page, 'A function that reverses a string, in Go, and ' + 'x'.repeat(300));
  assert.equal(await page.evaluate(() => document.documentElement.scrollWidth), 320);
  assert.equal(await page.evaluate(() => document.getElementById('log').scrollWidth <= document.getElementById('log').clientWidth), true);
});

test('the embedded model goes on with a text, on the real server', { timeout: 60_000 }, async () => {
  const faults = [];
  const page = await open(browser, server.url, faults);
  await ready(page);
  assert.match(await page.innerText('#welcome'), /goes on with what you write/);
  await page.click('#settings-toggle');
  assert.equal(await page.isVisible('#o-system'), false);
  await page.fill('#o-temperature', '0');
  await page.fill('#o-max_tokens', '16');
  await page.getByRole('button', { name: 'Once upon a time' }).click();
  await answered(page);
  assert.equal(await lastText(page), ', in an old garden, there lived a kind child named Tom. He wanted');
  assert.match(await turns(page).last().innerText(), /token limit reached · 16 tokens/);
  await page.getByRole('button', { name: 'Go on' }).click();
  await answered(page);
  assert.match(await lastText(page), /^ ?to find/);
  assert.deepEqual(await page.evaluate(() => window.violations), []);
  assert.deepEqual(faults, []);
  await page.context().close();
});
