// Elements are made here. Texts become text nodes and nothing else: no string is
// ever read as HTML, which the page's security policy forbids as well.

// el makes an element. Of props, on… are listeners, class and data are what their
// names say, and others are attributes; false and null leave one out.
export function el(tag, props, ...children) {
  const e = document.createElement(tag);
  for (const [name, value] of Object.entries(props ?? {})) {
    if (value === false || value == null) continue;
    if (name.startsWith('on')) e.addEventListener(name.slice(2), value);
    else e.setAttribute(name, value === true ? '' : value);
  }
  e.append(...children.filter((c) => c != null && c !== false));
  return e;
}

const svg = 'http://www.w3.org/2000/svg';

// icon makes one of the page's symbols, which says nothing to a screen reader.
export function icon(name) {
  const s = document.createElementNS(svg, 'svg');
  s.setAttribute('aria-hidden', 'true');
  const use = document.createElementNS(svg, 'use');
  use.setAttribute('href', '#i-' + name);
  s.append(use);
  return s;
}

// setIcon changes the symbol of an element that has one.
export function setIcon(e, name) {
  e.querySelector('use').setAttribute('href', '#i-' + name);
}

// iconButton makes a button with a symbol and a name.
export function iconButton(name, label, onclick) {
  return el('button', { type: 'button', class: 'icon', 'aria-label': label, title: label, onclick }, icon(name));
}

// byId returns an element of index.html.
export function byId(id) {
  return document.getElementById(id);
}

// say tells a screen reader something that others see.
export function say(text) {
  byId('said').textContent = text;
}

// copy puts a text on the clipboard and marks the button for a moment. The clipboard
// is only there on https and on loopback.
export async function copy(text, button) {
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = el('textarea', { class: 'hidden', 'aria-hidden': 'true' });
    area.value = text;
    document.body.append(area);
    area.select();
    document.execCommand('copy');
    area.remove();
    button.focus();
  }
  setIcon(button, 'check');
  say('Copied.');
  setTimeout(() => setIcon(button, 'copy'), 1500);
}
