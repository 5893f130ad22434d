// What the browser keeps. Conversations lie in localStorage, each under a key of its
// own, so that two tabs do not overwrite each other's. The API key lies in
// sessionStorage, which ends with the tab.

const prefix = 'coreml.conversation.';

function attempt(f, otherwise) {
  try {
    return f();
  } catch {
    return otherwise; // storage that is not allowed, or full
  }
}

// newConversation returns an empty one with the settings of another, if there is one.
export function newConversation(like) {
  return {
    id: randomId(),
    updated: Date.now(),
    system: like?.system ?? '',
    sampling: { ...like?.sampling },
    stop: like?.stop ?? '',
    turns: [],
  };
}

// randomId names a conversation, for the server too. crypto.randomUUID is only there
// on https and on loopback.
function randomId() {
  return [...crypto.getRandomValues(new Uint8Array(16))].map((b) => b.toString(16).padStart(2, '0')).join('');
}

// title is what a conversation is called in the list.
export function title(conversation) {
  const text = conversation.turns.find((t) => t.role === 'user')?.content.trim().replace(/\s+/g, ' ') ?? '';
  return text === '' ? 'New conversation' : [...text].slice(0, 80).join('');
}

// conversations returns those that are kept, the latest first.
export function conversations() {
  const list = [];
  for (const name of attempt(() => Object.keys(localStorage), [])) {
    if (!name.startsWith(prefix)) continue;
    const c = attempt(() => JSON.parse(localStorage.getItem(name)), null);
    if (c && typeof c.id === 'string' && Array.isArray(c.turns)) list.push(c);
  }
  return list.sort((a, b) => b.updated - a.updated);
}

// keep stores a conversation and reports whether there was room.
export function keep(conversation) {
  if (conversation.turns.length === 0) return true;
  return attempt(() => {
    localStorage.setItem(prefix + conversation.id, JSON.stringify(conversation));
    return true;
  }, false);
}

export function forget(id) {
  attempt(() => localStorage.removeItem(prefix + id));
}

// setting reads or writes a text that is kept under a name.
export function setting(name, value) {
  if (value === undefined) return attempt(() => localStorage.getItem('coreml.' + name), null) ?? '';
  attempt(() => (value === '' ? localStorage.removeItem('coreml.' + name) : localStorage.setItem('coreml.' + name, value)));
  return value;
}

let key = attempt(() => sessionStorage.getItem('coreml.key'), null) ?? '';

// apiKey reads or writes the key.
export function apiKey(value) {
  if (value !== undefined) {
    key = value;
    attempt(() => (value === '' ? sessionStorage.removeItem('coreml.key') : sessionStorage.setItem('coreml.key', value)));
  }
  return key;
}

// download gives a conversation to the user as a file.
export function download(conversation) {
  const messages = conversation.system ? [{ role: 'system', content: conversation.system }] : [];
  for (const t of conversation.turns) {
    if (t.role === 'user') {
      messages.push({ role: 'user', content: t.content });
      continue;
    }
    const v = t.versions[t.chosen];
    messages.push({ role: 'assistant', content: v.content, ...(v.reasoning && { reasoning_content: v.reasoning }), ...(v.model && { model: v.model }) });
  }
  const url = URL.createObjectURL(new Blob([JSON.stringify({ messages }, null, 2) + '\n'], { type: 'application/json' }));
  const link = document.createElement('a');
  link.href = url;
  link.download = 'conversation.json';
  link.click();
  setTimeout(() => URL.revokeObjectURL(url), 10_000);
}
