// An answer becomes text on the page, with its blocks of code and `code` in lines set
// apart. Nothing else of Markdown is read, and everything is put in as text.

import { copy, el, icon } from './dom.js';

const fence = /^ {0,3}(`{3,}|~{3,})[ \t]*([^`]*)$/;
// What may still become a fence, so that a line under way does not flash as text.
const maybeFence = /^ {0,3}(`{1,2}|~{1,2}|`{3,}[^`]*|~{3,}.*)$/;

// longest is how much of a line under way is made anew for each piece of it.
const longest = 4096;

// Text shows a text that grows. append puts more behind it, and finish says that no
// more comes. Lines that are complete are never made again, so that a long answer
// costs no more for each token than a short one.
export class Text {
  constructor(parent) {
    this.parent = parent;
    this.partial = ''; // the line under way
    this.tail = null; // its nodes
    this.continued = false; // a part of it is shown already
    this.target = null; // the element that lines go to
    this.closing = ''; // the fence that ends the block of code, '' outside of one
    this.gap = ''; // the ends of lines before the next one that shows something
  }

  append(text) {
    const lines = (this.partial + text).split('\n');
    this.partial = lines.pop();
    for (const line of lines) this.line(line.replace(/\r$/, ''));
    while (this.partial.length > longest) {
      const inPair = this.partial.charCodeAt(longest - 1) >> 10 === 0x36 ? 1 : 0; // the first half of a character
      this.part(this.partial.slice(0, longest - inPair));
      this.partial = this.partial.slice(longest - inPair);
    }
    this.showPartial();
  }

  finish() {
    const last = this.partial;
    this.partial = '';
    if (last !== '') this.line(last);
    this.dropTail();
  }

  // line puts in a line that is complete.
  line(line) {
    this.dropTail();
    const found = this.continued ? null : fence.exec(line);
    const closes = found && found[2].trim() === '' && this.closing.startsWith(found[1][0]) && found[1].length >= this.closing.length;
    if (closes) {
      this.closing = '';
      this.target = null;
      this.gap = '';
    } else if (found && this.closing === '') {
      this.closing = found[1];
      this.target = this.block(found[2].trim());
      this.gap = '';
    } else {
      const nodes = this.nodes(line);
      this.target?.append(...nodes);
      if (nodes.length > 0) this.gap = '\n';
      else if (this.target) this.gap += '\n';
    }
    this.continued = false;
  }

  // part shows the beginning of a long line for good. What follows it is text alone: marks
  // in lines that nobody wrote by hand are none.
  part(text) {
    this.dropTail();
    const nodes = this.nodes(text);
    this.target?.append(...nodes);
    if (nodes.length > 0) this.gap = '';
    this.continued = true;
  }

  // nodes are what a line shows. Blank lines of text show when something follows, so
  // that there are none beside a block and at the end.
  nodes(line) {
    if (this.closing !== '') return [document.createTextNode(this.gap + line)];
    if (!this.continued && line.trim() === '') return [];
    this.target ??= this.paragraph();
    return this.continued ? [document.createTextNode(line)] : [document.createTextNode(this.gap), ...inline(line)];
  }

  // showPartial shows the line under way, which is made anew for each piece of it.
  showPartial() {
    this.dropTail();
    if (this.partial === '' || (!this.continued && maybeFence.test(this.partial))) return;
    this.tail = this.nodes(this.partial);
    this.target?.append(...this.tail);
  }

  dropTail() {
    for (const node of this.tail ?? []) node.remove();
    this.tail = null;
  }

  paragraph() {
    const p = el('div', { class: 'text', dir: 'auto' });
    this.parent.append(p);
    return p;
  }

  // block makes a block of code in a language.
  block(language) {
    const code = el('code');
    const button = el('button', { type: 'button', 'aria-label': 'Copy code', onclick: () => copy(code.textContent, button) }, icon('copy'), 'Copy');
    const pre = el('pre', { tabindex: '0', role: 'region', 'aria-label': language ? `Code, ${language}` : 'Code', dir: 'ltr' }, code);
    this.parent.append(el('div', { class: 'block' }, el('div', { class: 'block-head' }, el('span', {}, language || 'code'), button), pre));
    return code;
  }
}

// inline returns the nodes of a line: text, and code between equal runs of backticks. It
// goes over the line once, whatever a model makes of it.
function inline(line) {
  const runs = [...line.matchAll(/`+/g)];
  const later = new Map(); // by length, the runs that are not passed yet, the next one last
  for (const run of runs.toReversed()) {
    const length = run[0].length;
    if (!later.has(length)) later.set(length, []);
    later.get(length).push(run.index);
  }
  const nodes = [];
  let from = 0;
  for (const run of runs) {
    const length = run[0].length;
    const same = later.get(length);
    while (same.length > 0 && same.at(-1) <= run.index) same.pop();
    if (run.index < from || same.length === 0) continue;
    const inside = line.slice(run.index + length, same.at(-1));
    if (run.index > from) nodes.push(document.createTextNode(line.slice(from, run.index)));
    const padded = inside.length > 2 && inside.startsWith(' ') && inside.endsWith(' ') && inside.trim() !== '';
    nodes.push(el('code', {}, padded ? inside.slice(1, -1) : inside));
    from = same.at(-1) + length;
  }
  if (from < line.length || nodes.length === 0) nodes.push(document.createTextNode(line.slice(from)));
  return nodes;
}
