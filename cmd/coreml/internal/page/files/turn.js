// The turns of a conversation on the page.

import { copy, el, icon, iconButton } from './dom.js';
import { Text } from './text.js';

// userTurn shows what the user wrote. edit is called with another text for it, or
// missing where it cannot be changed now.
export function userTurn(turn, edit) {
  const content = el('div', { class: 'content' }, el('div', { class: 'text', dir: 'auto' }, turn.content));
  const below = el('div', { class: 'below' });
  const article = el('article', { class: 'turn user', 'aria-label': 'You' }, content, below);
  const copyButton = iconButton('copy', 'Copy message', () => copy(turn.content, copyButton));
  const editButton = iconButton('edit', 'Edit message', () => editor(article, turn.content, editButton, edit));
  below.append(copyButton, editButton);
  return article;
}

// editor puts a field in the place of a message until it is sent or left.
function editor(article, text, button, edit) {
  const area = el('textarea', { 'aria-label': 'Edit message', dir: 'auto' });
  area.value = text;
  const shown = [...article.childNodes];
  const cancel = () => {
    article.replaceChildren(...shown);
    button.focus();
  };
  const send = () => area.value.trim() !== '' && edit(area.value);
  area.addEventListener('keydown', (e) => {
    if (e.isComposing) return;
    if (e.key === 'Escape') cancel();
    else if (e.key === 'Enter' && !e.shiftKey) send();
    else return;
    e.preventDefault();
    e.stopPropagation();
  });
  article.replaceChildren(
    el('div', { class: 'editor' }, area, el('div', {},
      el('button', { type: 'button', onclick: cancel }, 'Cancel'),
      el('button', { type: 'button', class: 'primary', onclick: send }, 'Send'))));
  area.focus();
}

// AnswerView shows an answer, which may still grow: version is what there is of it.
// actions are retry() and choose(n), of another version of the answer.
export class AnswerView {
  constructor(turn, version, actions) {
    this.turn = turn;
    this.version = version;
    this.actions = actions;
    this.thinking = null;
    this.shown = { reasoning: 0, content: 0 };
    this.waiting = el('span', { class: 'waiting', role: 'img', 'aria-label': 'Waiting for the answer' }, el('i'), el('i'), el('i'));
    this.body = el('div', { class: 'content' });
    this.text = new Text(this.body);
    this.below = el('div', { class: 'below' });
    const name = version.model || 'Model';
    this.element = el('article', { class: 'turn assistant', 'aria-label': `Answer of ${name}` }, el('div', { class: 'who' }, name), this.waiting, this.body, this.below);
  }

  // update shows what the version has got since.
  update() {
    const { reasoning, content } = this.version;
    if (reasoning.length > this.shown.reasoning) {
      this.thoughts().append(reasoning.slice(this.shown.reasoning));
      this.shown.reasoning = reasoning.length;
    }
    if (content.length > this.shown.content) {
      this.text.append(content.slice(this.shown.content));
      this.shown.content = content.length;
      if (this.summary) this.summary.textContent = thoughtFor(this.version);
    }
    if (reasoning !== '' || content !== '') this.waiting.remove();
  }

  // thoughts makes the folded part for the model's thinking, when there is some.
  thoughts() {
    if (!this.thinking) {
      const inside = el('div', {});
      this.summary = el('summary', {}, 'Thinking…');
      this.body.before(el('details', { class: 'reasoning' }, this.summary, inside));
      this.thinking = new Text(inside);
    }
    return this.thinking;
  }

  // finish shows that the answer is complete, with what can be done with it.
  finish() {
    this.update();
    this.waiting.remove();
    this.thinking?.finish();
    this.text.finish();
    if (this.summary) this.summary.textContent = thoughtFor(this.version);
    const v = this.version;
    if (v.error) {
      this.element.insertBefore(el('div', { class: 'fault', role: 'alert' }, icon('warn'), el('span', {}, v.error)), this.below);
    }
    const copyButton = iconButton('copy', 'Copy answer', () => copy(v.content, copyButton));
    this.retryButton = iconButton('retry', 'Try again', () => this.actions.retry());
    this.below.replaceChildren(...[v.content !== '' && copyButton, this.retryButton, ...this.versions(), el('span', { class: 'stats' }, statsOf(v))].filter(Boolean));
  }

  // versions are the buttons that go through the versions of an answer.
  versions() {
    const all = this.turn.versions.length;
    const at = this.turn.chosen;
    if (all < 2) return [];
    const back = iconButton('left', 'Earlier version', () => this.actions.choose(at - 1));
    const on = iconButton('right', 'Later version', () => this.actions.choose(at + 1));
    back.disabled = at === 0;
    on.disabled = at === all - 1;
    return [back, el('span', { class: 'count' }, el('span', { class: 'hidden' }, 'Version '), `${at + 1}/${all}`), on];
  }

  // live shows the rate while the answer is made.
  live(text) {
    this.stats ??= this.below.appendChild(el('span', { class: 'stats' }));
    this.stats.textContent = text;
  }
}

function thoughtFor(version) {
  return version.thought > 0 ? `Thought for ${seconds(version.thought)}` : 'Thoughts';
}

export function seconds(ms) {
  if (ms < 995) return `${Math.max(1, Math.round(ms))} ms`;
  return ms < 9950 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`;
}

// rate says how many tokens come in a second; the first one is none of them, since the
// reading of the prompt comes before it.
export function rate(tokens, ms) {
  if (tokens < 2 || ms <= 0) return '';
  const r = ((tokens - 1) * 1000) / ms;
  return `${r < 10 ? r.toFixed(1) : Math.round(r)} tokens/s`;
}

const ends = { length: 'token limit reached', stopped: 'stopped', content_filter: 'held back' };

// statsOf is the line of measures below an answer.
function statsOf(v) {
  const s = v.stats;
  const parts = [ends[v.finish]];
  if (s?.tokens > 0) {
    parts.push(`${s.tokens} tokens`, rate(s.tokens, s.decode), s.first > 0 && `first after ${seconds(s.first)}`);
    if (s.cached > 0) parts.push(`${s.cached} of ${s.prompt} prompt tokens reused`);
  }
  return parts.filter(Boolean).join(' · ');
}
