// An answer is asked for and read here.

import { stream, ApiError } from './api.js';
import { apiKey } from './store.js';
import { optionsOf } from './settings.js';

// newVersion is an answer of which nothing is there yet.
export function newVersion(model) {
  return { model, content: '', reasoning: '', thought: 0, finish: '', error: '', stats: null };
}

// messagesOf are the turns as messages. An answer that failed before its first word is
// none, and what the user wrote around it becomes one message: templates want the two
// sides to alternate.
function messagesOf(conversation, turns) {
  const list = conversation.system.trim() === '' ? [] : [{ role: 'system', content: conversation.system }];
  for (const t of turns) {
    const content = t.role === 'user' ? t.content : t.versions[t.chosen].content;
    if (t.role !== 'user' && content === '') continue;
    const last = list.at(-1);
    if (last?.role === 'user' && t.role === 'user') last.content += '\n\n' + content;
    else list.push({ role: t.role, content });
  }
  return list;
}

// textOf are the turns as one text, for a model that continues texts.
function textOf(turns) {
  let text = '';
  for (const t of turns) {
    const next = t.role === 'user' ? t.content : t.versions[t.chosen].content;
    const apart = t.role === 'user' && text !== '' && !/\s$/.test(text) && /^[\p{L}\p{N}]/u.test(next);
    text += (apart ? ' ' : '') + next;
  }
  return text;
}

// answer reads the answer to the turns into version and calls changed for each piece.
// It returns when the answer is complete, was stopped by signal, or failed: version
// says which.
export async function answer(conversation, turns, model, version, signal, changed) {
  const start = performance.now();
  let first = 0;
  let last = 0;
  let pieces = 0;
  let usage = null;
  const chat = model.chat;
  const body = { model: model.id, ...optionsOf(conversation), ...(chat ? { messages: messagesOf(conversation, turns) } : { prompt: textOf(turns) }) };
  try {
    for await (const event of stream(chat ? 'v1/chat/completions' : 'v1/completions', body, { key: apiKey(), session: conversation.id, signal })) {
      usage = event.usage ?? usage;
      const choice = event.choices?.[0];
      if (!choice) continue;
      const reasoning = choice.delta?.reasoning_content ?? '';
      const content = choice.delta?.content ?? choice.text ?? '';
      version.finish = choice.finish_reason ?? version.finish;
      if (reasoning === '' && content === '') continue;
      last = performance.now();
      first ||= last;
      pieces++;
      version.reasoning += reasoning;
      version.content += content;
      if (content === '') version.thought = last - start;
      changed({ tokens: pieces, decode: last - first });
    }
  } catch (e) {
    if (signal.aborted) version.finish = 'stopped';
    else version.error = explain(e);
    return e;
  } finally {
    version.stats = {
      tokens: usage?.completion_tokens ?? pieces,
      prompt: usage?.prompt_tokens ?? 0,
      cached: usage?.prompt_tokens_details?.cached_tokens ?? 0,
      first: first && first - start,
      decode: last - first,
    };
  }
  return null;
}

// explain says an error in words for who uses the page.
export function explain(e) {
  if (!(e instanceof ApiError)) return `The answer could not be read: ${e.message}`;
  switch (e.status) {
    case 401:
      return 'The server wants an API key: enter it in the settings.';
    case 429:
      return `The server is busy${/^\d+$/.test(e.retryAfter) ? `: try again in ${e.retryAfter} s.` : ': try again in a moment.'}`;
    case 503:
      return 'The server is starting or ending and takes no requests at the moment.';
    default:
      return e.param ? `${e.message} (${e.param})` : e.message;
  }
}
