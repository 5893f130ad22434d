// The browser and the server that the tests and the pictures have in common.

import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';
import { chromium } from 'playwright-core';

// serve starts `coreml serve` with the embedded model and returns its address.
export async function serve(...args) {
  const child = spawn(process.env.COREML_BINARY ?? 'bin/coreml', ['serve', '--json', '--quiet', '--addr', '127.0.0.1:0', ...args], { stdio: ['ignore', 'pipe', 'inherit'] });
  const ended = new Promise((done) => child.on('exit', (code) => done(code)));
  const line = await new Promise((ok, fail) => {
    createInterface(child.stdout).once('line', ok);
    child.on('error', fail);
    ended.then((code) => fail(new Error(`coreml serve ended with ${code}`)));
  });
  return { ...JSON.parse(line), stop: () => { child.kill('SIGTERM'); return ended; } };
}

// launch starts the browser. As root, as in a container, it has no sandbox.
export function launch() {
  return chromium.launch({
    executablePath: process.env.CHROMIUM ?? '/usr/bin/chromium',
    args: ['--disable-lcd-text', ...(process.getuid?.() === 0 ? ['--no-sandbox'] : [])],
  });
}

// open opens the page and notes what must not happen in faults.
export async function open(browser, url, faults, options = {}) {
  const context = await browser.newContext({ viewport: { width: 1280, height: 800 }, ...options });
  const page = await context.newPage();
  page.on('pageerror', (e) => faults.push(`error: ${e.message}`));
  page.on('console', (m) => {
    // That a request failed is the browser's own note of what the page is told.
    if (m.type() === 'error' && !m.text().startsWith('Failed to load resource')) faults.push(`console: ${m.text()}`);
  });
  page.on('request', (r) => {
    if (new URL(r.url()).protocol !== 'blob:' && new URL(r.url()).origin !== new URL(url).origin) faults.push(`request elsewhere: ${r.url()}`);
  });
  await page.addInitScript(() => {
    window.violations = [];
    document.addEventListener('securitypolicyviolation', (e) => window.violations.push(`${e.violatedDirective}: ${e.blockedURI}`));
  });
  await page.goto(url);
  return page;
}

// ready waits until the models are known.
export async function ready(page) {
  await page.waitForSelector('#model:enabled');
  return page;
}

// ask sends a message and waits for the end of the answer.
export async function ask(page, text) {
  await page.fill('#input', text);
  await page.press('#input', 'Enter');
  await answered(page);
}

export async function answered(page) {
  await page.waitForSelector('#send:not([aria-label=Stop])');
}
