// The page: one conversation at a time with one of the server's models.

import { models, ready } from './api.js';
import { answer, explain, newVersion } from './answer.js';
import { byId, el, iconButton, say, setIcon } from './dom.js';
import { panel } from './panels.js';
import { Settings } from './settings.js';
import * as store from './store.js';
import { AnswerView, rate, userTurn } from './turn.js';

const log = byId('log');
const input = byId('input');
const send = byId('send');

let known = []; // the models: { id, chat }
let conversation = store.newConversation();
let running = null; // the answer under way: { stop, view }
let following = true; // the end of the conversation is in sight

const chats = panel('chats');
const settingsPanel = panel('settings');
const settings = new Settings((what) => {
  if (what === 'key') void load();
  else keep();
});

// model is the one that is chosen.
function model() {
  return known.find((m) => m.id === byId('model').value);
}

// load asks for the models, and waits for those that are being loaded.
async function load() {
  for (;;) {
    try {
      if (await ready()) break;
      banner('The server is loading its models…');
    } catch (e) {
      banner(explain(e));
    }
    await new Promise((later) => setTimeout(later, 1000));
  }
  try {
    const list = await models(store.apiKey());
    const can = (m, what) => !Array.isArray(m.capabilities) || m.capabilities.includes(what);
    known = list.filter((m) => can(m, 'completion')).map((m) => ({ id: m.id, chat: can(m, 'chat') }));
  } catch (e) {
    banner(explain(e));
    if (e.status === 401) {
      settingsPanel.set(true);
      byId('o-key').focus();
    }
    return;
  }
  const chosen = store.setting('model');
  byId('model').replaceChildren(...known.map((m) => el('option', { value: m.id, selected: m.id === chosen }, m.id)));
  byId('model').disabled = known.length === 0;
  banner(known.length === 0 ? 'The server has no model that writes text.' : '');
  showModel();
}

function banner(text, ...more) {
  byId('banner').replaceChildren(text, ...more);
  byId('banner').hidden = text === '';
}

// showModel says what the chosen model does.
function showModel() {
  const chat = model()?.chat ?? true;
  input.placeholder = chat ? 'Message' : 'The beginning of a text';
  byId('welcome-title').textContent = chat ? 'What shall we talk about?' : 'How does it begin?';
  byId('welcome-text').textContent = chat ? 'Ask anything. Nothing leaves the server that you talk to.' : 'This model has no chat template: it goes on with what you write.';
  const ideas = chat
    ? ['Explain how rainbows form', 'Write a haiku about the sea', 'A function that reverses a string, in Go']
    : ['Once upon a time', 'In an old garden', 'One morning, a small fox'];
  byId('ideas').replaceChildren(...ideas.map((text) => el('button', { type: 'button', onclick: () => ask(text) }, text)));
  byId('system-field').hidden = !chat; // such a model is told nothing but the text
  showSend();
}

function showSend() {
  const goesOn = model()?.chat === false && conversation.turns.length > 0;
  const name = running ? 'Stop' : goesOn && input.value.trim() === '' ? 'Go on' : 'Send';
  setIcon(send, running ? 'stop' : 'send');
  send.setAttribute('aria-label', name);
  send.title = running ? 'Stop (Esc)' : `${name} (Enter)`;
  send.disabled = !running && (!model() || (input.value.trim() === '' && !goesOn));
}

// show shows the conversation from the beginning.
function show() {
  byId('welcome').hidden = conversation.turns.length > 0;
  byId('turns').replaceChildren(...conversation.turns.map(shownTurn));
  settings.show(conversation);
  document.title = conversation.turns.length > 0 ? `${store.title(conversation)} · coreml` : 'coreml';
  following = true;
  toEnd();
  showSend();
  showChats();
}

function shownTurn(turn, i) {
  if (turn.role === 'user') {
    return userTurn(turn, (text) => {
      stop();
      conversation.turns.length = i;
      ask(text);
    });
  }
  const view = answerView(turn, i);
  view.finish();
  return view.element;
}

function answerView(turn, i) {
  return new AnswerView(turn, turn.versions[turn.chosen], {
    retry: () => {
      stop();
      conversation.turns.length = i + 1;
      void start(turn, i);
    },
    choose: (n) => {
      turn.chosen = n;
      keep();
      const old = byId('turns').children[i];
      const made = shownTurn(turn, i);
      old.replaceWith(made);
      (made.querySelector('.below button[aria-label$=version]:enabled') ?? made.querySelector('button'))?.focus();
    },
  });
}

// ask sends a message, or lets a text go on where it is empty.
function ask(text) {
  if (!model()) return;
  if (text !== '') conversation.turns.push({ role: 'user', content: text });
  const turn = { role: 'assistant', versions: [], chosen: 0 };
  conversation.turns.push(turn);
  void start(turn, conversation.turns.length - 1);
}

// start makes another version of an answer.
async function start(turn, i) {
  const mine = conversation;
  const version = newVersion(byId('model').value);
  if (turn.versions.at(-1)?.content === '') turn.versions.pop(); // it failed before its first word
  turn.chosen = turn.versions.push(version) - 1;
  mine.updated = Date.now();
  show();
  const view = answerView(turn, i);
  byId('turns').children[i].replaceWith(view.element);
  const controller = new AbortController();
  running = { stop: () => controller.abort(), view };
  const here = running;
  showSend();
  input.focus({ preventScroll: true });
  say('The answer begins.');
  toEnd();

  let drawn = 0;
  await answer(mine, mine.turns.slice(0, i), model(), version, controller.signal, (live) => {
    drawn ||= requestAnimationFrame(() => {
      drawn = 0;
      view.update();
      view.live(rate(live.tokens, live.decode));
      toEnd();
    });
  }).then((e) => {
    if (e?.status === 401) settingsPanel.set(true);
  });
  cancelAnimationFrame(drawn);
  view.finish();
  if (running === here) running = null;
  store.keep(mine) || banner('This browser has no room to keep the conversation: delete some, or export this one.');
  showSend();
  showChats();
  toEnd();
  say(version.error || `${version.finish === 'stopped' ? 'Stopped' : 'Answer'}: ${version.content.slice(0, 2000)}`);
}

function stop() {
  running?.stop();
  running = null;
}

// keep stores the conversation a moment after its last change.
let keeping = 0;
function keep() {
  clearTimeout(keeping);
  const mine = conversation;
  keeping = setTimeout(() => store.keep(mine), 300);
}

// open shows another conversation.
function open(other) {
  stop();
  conversation = other;
  show();
}

function showChats() {
  const item = (c) => {
    const name = store.title(c);
    const current = c.id === conversation.id;
    return el('li', { class: current && 'current' },
      el('button', { type: 'button', class: 'open', 'aria-current': current && 'true', title: name, onclick: () => open(current ? conversation : c) }, el('span', { dir: 'auto' }, name)),
      Object.assign(iconButton('trash', `Delete “${name}”`, () => remove([c])), { className: 'icon drop' }));
  };
  const list = store.conversations().map(item);
  byId('chat-list').replaceChildren(...(list.length > 0 ? list : [el('li', {}, el('p', { class: 'hint' }, 'None yet.'))]));
  byId('export').disabled = conversation.turns.length === 0;
  byId('clear').disabled = list.length === 0;
}

// remove deletes conversations, which can be taken back until something else is done.
function remove(list) {
  clearTimeout(keeping);
  for (const c of list) store.forget(c.id);
  const current = list.find((c) => c.id === conversation.id);
  if (current) open(store.newConversation(conversation));
  else showChats();
  const undo = el('button', { type: 'button', onclick: () => {
    for (const c of list) store.keep(c);
    banner('');
    if (current) open(current);
    else showChats();
    input.focus();
  } }, 'Undo');
  banner(list.length === 1 ? 'The conversation was deleted. ' : `${list.length} conversations were deleted. `, undo);
  undo.focus();
}

function toEnd() {
  if (following) log.scrollTop = log.scrollHeight;
}

log.addEventListener('scroll', () => {
  following = log.scrollHeight - log.scrollTop - log.clientHeight < 48;
  byId('latest').hidden = following;
});
byId('latest').addEventListener('click', () => {
  following = true;
  toEnd();
  input.focus();
});

byId('composer').addEventListener('submit', (e) => {
  e.preventDefault();
  if (running) {
    stop();
    return;
  }
  if (send.disabled) return;
  const text = input.value.trim() === '' ? '' : input.value;
  input.value = '';
  banner('');
  ask(text);
});
input.addEventListener('input', showSend);
input.addEventListener('keydown', (e) => {
  if (e.key !== 'Enter' || e.shiftKey || e.isComposing) return;
  e.preventDefault();
  if (!running) byId('composer').requestSubmit(send);
});
document.addEventListener('keydown', (e) => {
  if (e.key === 'Escape' && running && !e.isComposing) stop();
});

byId('new').addEventListener('click', () => {
  banner('');
  open(store.newConversation(conversation));
  input.focus();
});
byId('export').addEventListener('click', () => store.download(conversation));
byId('clear').addEventListener('click', () => remove(store.conversations()));
byId('model').addEventListener('change', (e) => {
  store.setting('model', e.target.value);
  showModel();
});

// The theme goes from the system's to light and dark, and on from there.
const themes = ['', 'light', 'dark'];
const themeNames = { '': 'as the system has it', light: 'light', dark: 'dark' };
function showTheme() {
  const theme = document.documentElement.dataset.theme ?? '';
  setIcon(byId('theme'), theme || 'system');
  byId('theme').setAttribute('aria-label', `Theme: ${themeNames[theme]}`);
  byId('theme').title = `Theme: ${themeNames[theme]}`;
}
byId('theme').addEventListener('click', () => {
  const next = themes[(themes.indexOf(document.documentElement.dataset.theme ?? '') + 1) % themes.length];
  if (next === '') delete document.documentElement.dataset.theme;
  else document.documentElement.dataset.theme = next;
  store.setting('theme', next);
  showTheme();
});

showTheme();
showModel();
show();
input.focus();
void load();
