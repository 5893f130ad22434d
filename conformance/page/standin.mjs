// A server whose answers are written here, so that the page can be shown what a model
// would not say on demand: thinking, code, HTML, errors. All but the API is passed on
// to a real `coreml serve`, whose page and headers these are.

import http from 'node:http';

const hostile = `<img src=x onerror="window.pwned=1"><script>window.pwned=2</script>
<a href="javascript:window.pwned=3">a link</a>
\`<b>bold</b>\`
\`\`\`html
</code></pre><script>window.pwned=4</script>
<svg onload="window.pwned=5">
\`\`\`
[a](javascript:window.pwned=6) &lt;i&gt; \u202eright to left`;

const reverse = `Slices of runes keep characters whole, which bytes would not:

\`\`\`go
func Reverse(s string) string {
	r := []rune(s)
	slices.Reverse(r)
	return string(r)
}
\`\`\`

\`Reverse("héllo")\` gives \`"olléh"\`. Letters with combining marks need one step more: they would have to be kept together.`;

const rainbow = `Sunlight enters a raindrop and is bent, because light is slower in water than in air. Blue light is bent a little more than red light, so the colours part.

At the back of the drop some of the light is reflected, and it is bent once more when it leaves. Each drop sends each colour in its own direction: about 42° from the point opposite the sun for red, about 40° for blue.

You see the red of higher drops and the blue of lower ones, and all drops at the same angle together make the bow.`;

// script says what is answered to the last message.
function script(text) {
  switch (true) {
    case /hostile/.test(text): return { content: hostile };
    case /reverse/i.test(text): return { reasoning: 'The user wants Go. Strings are bytes, so that reversing bytes would break characters: go through runes. slices.Reverse is in the standard library.', content: reverse };
    case /rainbow/i.test(text): return { content: rainbow };
    case /endless/.test(text): return { content: 'word '.repeat(100_000) };
    case /long/.test(text): return { content: Array.from({ length: 60 }, (_, i) => `Line ${i + 1}.`).join('\n') };
    case /backticks/.test(text): return { content: '`a ``b ```c '.repeat(30_000), large: true };
    case /pairs/.test(text): return { content: '😀'.repeat(5000) + '\n```\n' + 'x'.repeat(9000) + '\n``` ' + 'y'.repeat(5000) + '\n```\nend `é`.', large: true };
    case /busy/.test(text): return { status: 429, error: { message: 'the queue is full', type: 'rate_limit_error', param: null, code: 'queue_full' }, retry: '2' };
    case /refuse/.test(text): return { status: 400, error: { message: 'top_k is 0.5: it must be a whole number', type: 'invalid_request_error', param: 'top_k', code: null } };
    case /break/.test(text): return { content: 'It was going well', cut: true };
    case /late fault/.test(text): return { content: 'It was going ', fault: { message: 'the model failed', type: 'server_error', param: null, code: null } };
    case /haiku/.test(text): return { content: 'Salt wind, folding light —\nthe tide writes one long sentence\nand erases it.' };
    case /at night/.test(text): return { content: 'Moonlight makes them too. They are called moonbows, and look white to most eyes: there is too little light for the cones that see colour. A camera with a long exposure shows the colours.\n\nThey are seen best near a full moon that stands lower than 42° in the sky, with rain opposite of it.' };
    default: return { content: `You said: ${text}` };
  }
}

// pieces cuts a text as tokens would, emoji whole.
function pieces(text) {
  return text.match(/\s*\S{1,6}|\s+$/gu) ?? [];
}

// start returns the address and what was asked for. delay is the time between tokens.
export async function start(target, { key = '', delay = 2, loading = 0 } = {}) {
  const seen = { requests: [], aborted: 0, version: 0 };
  let unready = loading;
  const server = http.createServer(async (req, res) => {
    const fail = (status, error, headers = {}) => {
      res.writeHead(status, { 'content-type': 'application/json', ...headers });
      res.end(JSON.stringify({ error }));
    };
    if (req.url === '/health') {
      if (unready-- > 0) return fail(503, { message: 'loading', type: 'server_error', param: null, code: null });
      return res.end('{"status":"ok"}');
    }
    if (!req.url.startsWith('/v1/')) return pass(target, req, res);
    if (key && req.headers.authorization !== 'Bearer ' + key) return fail(401, { message: 'no key', type: 'authentication_error', param: null, code: 'invalid_api_key' });
    if (req.url === '/v1/models') {
      res.setHeader('content-type', 'application/json');
      return res.end(JSON.stringify({ object: 'list', data: [{ id: 'Model', object: 'model', capabilities: ['completion', 'chat'] }, { id: 'storyteller', object: 'model', capabilities: ['completion'] }, { id: 'MiniLM', object: 'model', capabilities: ['embeddings'] }] }));
    }
    let text = '';
    for await (const chunk of req) text += chunk;
    const body = JSON.parse(text);
    seen.requests.push({ url: req.url, body, session: req.headers['x-session-id'] });
    const prompt = body.prompt ?? body.messages.at(-1).content.split('\n\n').at(-1);
    const s = script(prompt);
    if (s.status) return fail(s.status, s.error, s.retry ? { 'retry-after': s.retry } : {});
    const chat = req.url === '/v1/chat/completions';
    const choice = (delta, finish = null) => chat ? { index: 0, delta, finish_reason: finish } : { index: 0, text: delta.content ?? '', finish_reason: finish };
    let gone = false;
    res.on('close', () => {
      gone = true;
      if (!res.writableEnded) seen.aborted++;
    });
    res.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' });
    const send = (o) => res.write(`data: ${JSON.stringify(o)}\n\n`);
    res.write(': hello\n\n');
    let tokens = 0;
    const say = async (field, t) => {
      for (const piece of s.large ? t.match(/.{1,997}/gsu) ?? [] : pieces(t)) {
        if (gone) return;
        tokens++;
        send({ choices: [choice({ [field]: piece })] });
        await new Promise((later) => setTimeout(later, delay));
      }
    };
    send({ choices: [choice({ role: 'assistant', content: '' })] });
    await say('reasoning_content', s.reasoning ?? '');
    await say('content', s.content + (/again/.test(prompt) ? ` Version ${++seen.version}.` : ''));
    if (gone) return;
    if (s.cut) return res.destroy();
    if (s.fault) {
      send({ error: s.fault });
      return res.end();
    }
    send({ choices: [choice({}, 'stop')] });
    send({ choices: [], usage: { prompt_tokens: 120, completion_tokens: tokens, total_tokens: 120 + tokens, prompt_tokens_details: { cached_tokens: seen.requests.length > 1 ? 96 : 0 } } });
    res.end('data: [DONE]\n\n');
  });
  await new Promise((ready) => server.listen(0, '127.0.0.1', ready));
  return { url: `http://127.0.0.1:${server.address().port}`, seen, close: () => { server.closeAllConnections(); server.close(); } };
}

// pass hands a request on.
function pass(target, req, res) {
  const to = http.request(new URL(req.url, target), { method: req.method }, (from) => {
    res.writeHead(from.statusCode, from.headers);
    from.pipe(res);
  });
  to.on('error', () => res.destroy());
  to.end();
}
