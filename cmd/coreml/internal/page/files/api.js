// The server's API, as far as the page uses it.

// ApiError is an answer that is no success. status 0 means that there was none.
export class ApiError extends Error {
  constructor(status, { message, type, param, code } = {}, retryAfter = '') {
    super(message || (status ? `The server answered with status ${status}.` : 'The server cannot be reached.'));
    Object.assign(this, { status, type, param, code, retryAfter });
  }
}

// request sends a request. A body is sent as JSON. Paths are relative, so that the
// page works behind a proxy that serves it under a path of its own.
async function request(path, { key, session, body, signal } = {}) {
  const headers = {};
  if (key) headers.authorization = 'Bearer ' + key;
  if (session) headers['x-session-id'] = session;
  if (body) headers['content-type'] = 'application/json';
  let response;
  try {
    response = await fetch(path, { method: body ? 'POST' : 'GET', headers, body: body && JSON.stringify(body), signal, cache: 'no-store' });
  } catch (e) {
    if (signal?.aborted) throw e;
    throw new ApiError(0);
  }
  if (!response.ok) {
    const text = await response.text().catch(() => '');
    let error = { message: text.slice(0, 500) };
    try {
      const read = JSON.parse(text).error;
      error = typeof read === 'string' ? { message: read } : read ?? {};
    } catch {
      // Not of the server itself: a proxy's page, whose beginning is shown.
    }
    throw new ApiError(response.status, error, response.headers.get('retry-after') ?? '');
  }
  return response;
}

// models returns what the server has.
export async function models(key) {
  const list = await (await request('v1/models', { key })).json();
  return Array.isArray(list.data) ? list.data : [];
}

// ready reports whether the server answers: false while models are being loaded.
export async function ready() {
  try {
    await request('health');
    return true;
  } catch (e) {
    if (e.status === 503) return false;
    throw e;
  }
}

// stream sends a request for an answer and gives the objects of its events as they
// come. Leaving the loop, or ending signal, ends the answer on the server too.
export async function* stream(path, body, options) {
  const response = await request(path, { ...options, body: { ...body, stream: true, stream_options: { include_usage: true } } });
  const reader = response.body.pipeThrough(new TextDecoderStream()).getReader();
  let rest = '';
  let data = [];
  try {
    for (;;) {
      let piece;
      try {
        piece = await reader.read();
      } catch (e) {
        if (options.signal?.aborted) throw e;
        throw new ApiError(0, { message: 'The connection to the server was lost.' });
      }
      if (piece.done) throw new ApiError(0, { message: 'The server ended the connection before the answer was complete.' });
      const lines = (rest + piece.value).split('\n');
      rest = lines.pop();
      for (const raw of lines) {
        const line = raw.replace(/\r$/, '');
        if (line.startsWith('data:')) {
          data.push(line.slice(line[5] === ' ' ? 6 : 5));
        } else if (line === '' && data.length > 0) {
          const text = data.join('\n');
          data = [];
          if (text === '[DONE]') return;
          const event = JSON.parse(text);
          if (event.error) throw new ApiError(response.status, event.error);
          yield event;
        }
      }
    }
  } finally {
    reader.cancel().catch(() => {});
  }
}
