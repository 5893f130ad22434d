// The two panels beside the conversation. On a narrow screen an open one covers the
// conversation, which cannot be reached then.

import { byId } from './dom.js';
import { setting } from './store.js';

const narrow = matchMedia('(max-width: 62rem)');

// panel joins a panel with the button that opens and closes it.
export function panel(name) {
  const element = byId(name);
  const toggle = byId(name + '-toggle');
  const p = {
    get open() {
      return !element.hidden;
    },
    // set opens or closes it. A panel that was opened by hand stays so.
    set(open, byHand = true) {
      element.hidden = !open;
      toggle.setAttribute('aria-expanded', String(open));
      if (byHand && !narrow.matches) setting('panel.' + name, open ? 'open' : '');
      if (open && narrow.matches) {
        for (const other of panels) if (other !== p) other.set(false, false);
        element.querySelector('.close').focus();
      }
      cover();
    },
    close() {
      p.set(false);
      toggle.focus();
    },
  };
  toggle.addEventListener('click', () => p.set(!p.open));
  element.querySelector('.close').addEventListener('click', () => p.close());
  element.addEventListener('keydown', (e) => {
    if (e.key !== 'Escape' || e.isComposing || !narrow.matches) return;
    e.stopPropagation();
    p.close();
  });
  panels.push(p);
  p.set(setting('panel.' + name) === 'open' && !narrow.matches, false);
  return p;
}

const panels = [];
const main = document.querySelector('main');

function cover() {
  main.inert = narrow.matches && panels.some((p) => p.open);
}

// Outside of a panel that covers the conversation is a way to close it.
byId('body').addEventListener('click', (e) => {
  if (narrow.matches && !e.target.closest('.panel')) for (const p of panels) if (p.open) p.close();
});
narrow.addEventListener('change', () => {
  if (narrow.matches) for (const p of panels) p.set(false, false);
  cover();
});
