// The suite of the openai package of npm: node openai_node.mjs [PART-OF-A-NAME]. Its lines
// are those of suite.py.
import assert from 'node:assert/strict'
import OpenAI from 'openai'
import { VERSION } from 'openai/version'

const { BASE_URL, MODEL, API_KEY = 'none', PARALLEL = '0', QUEUE = '0' } = process.env
const parallel = Number(PARALLEL)
const queued = Number(QUEUE)
const client = new OpenAI({ baseURL: BASE_URL + '/v1', apiKey: API_KEY || 'none', maxRetries: 0, timeout: 60_000 })

const user = [{ role: 'user', content: 'Tell me a story.' }]
const weather = {
  type: 'object', properties: { city: { enum: ['Seville', 'Oslo'] } }, required: ['city'], additionalProperties: false,
}
const tools = [{ type: 'function', function: { name: 'weather', parameters: weather } }]
const endless = { max_tokens: 1_000_000, ignore_end: true, overflow: 'slide', stream: true }

const chat = (fields = {}, options) =>
  client.chat.completions.create({ model: MODEL, messages: user, temperature: 0, max_tokens: 40, ...fields }, options)
const text = async (fields) => (await chat(fields)).choices[0].message.content
const respond = (fields = {}) =>
  client.responses.create({ model: MODEL, input: 'Tell me a story.', temperature: 0, max_output_tokens: 40, ...fields })

async function all(stream) {
  const list = []
  for await (const item of stream) list.push(item)
  return list
}

const joined = (chunks) => chunks.map((c) => c.choices[0]?.delta.content ?? '').join('')

async function raises(kind, call, status) {
  try {
    await call()
  } catch (error) {
    assert.ok(error instanceof kind, `got ${error.constructor.name}: ${error.message}`)
    if (status) assert.equal(error.status, status)
    return error
  }
  assert.fail(`nothing was raised, want ${kind.name}`)
}

class Skip extends Error {}

const checks = []
const check = (point, name, run) => checks.push({ point, name, run })

check(1, 'the models are listed and found by name', async () => {
  const ids = (await all(client.models.list())).map((m) => m.id)
  assert.ok(ids.includes(MODEL), ids.join())
  assert.equal((await client.models.retrieve(MODEL)).id, MODEL)
})

check(1, 'a whole answer', async () => {
  const r = await chat()
  assert.equal(r.object, 'chat.completion')
  assert.equal(r.choices[0].finish_reason, 'length')
  assert.equal(r.choices[0].message.role, 'assistant')
  assert.ok(r.choices[0].message.content.trim())
  assert.equal(r.usage.total_tokens, r.usage.prompt_tokens + 40)
})

check(1, 'a stream gives the text of the whole answer, and usage', async () => {
  const chunks = await all(await chat({ stream: true, stream_options: { include_usage: true } }))
  assert.equal(joined(chunks), await text())
  assert.deepEqual(chunks.at(-1).choices, [])
  assert.equal(chunks.at(-1).usage.completion_tokens, 40)
})

check(5, 'the first chunk has the role and the last the reason', async () => {
  const chunks = await all(await chat({ stream: true }))
  assert.equal(chunks[0].choices[0].delta.role, 'assistant')
  assert.equal(chunks.at(-1).choices[0].finish_reason, 'length')
  assert.equal(new Set(chunks.map((c) => c.id)).size, 1)
})

check(1, 'the client\'s own reader of streams', async () => {
  const stream = client.chat.completions.stream({ model: MODEL, messages: user, temperature: 0, max_tokens: 40 })
  assert.equal((await stream.finalChatCompletion()).choices[0].message.content, await text())
})

check(1, 'the same seed gives the same answer, another seed another', async () => {
  const [a, b, c] = [await text({ temperature: 1, seed: 7 }), await text({ temperature: 1, seed: 7 }), await text({ temperature: 1, seed: 8 })]
  assert.equal(a, b)
  assert.notEqual(a, c)
})

check(1, 'several answers', async () => {
  const r = await chat({ n: 2, temperature: 1, seed: 5 })
  assert.deepEqual(r.choices.map((c) => c.index), [0, 1])
  assert.notEqual(r.choices[0].message.content, r.choices[1].message.content)
})

check(1, 'log-probabilities', async () => {
  const r = await chat({ logprobs: true, top_logprobs: 2 })
  for (const t of r.choices[0].logprobs.content) {
    assert.ok(t.logprob <= 0)
    assert.equal(t.top_logprobs.length, 2)
  }
  const bytes = Buffer.from(r.choices[0].logprobs.content.flatMap((t) => t.bytes))
  assert.equal(bytes.toString(), r.choices[0].message.content)
})

check(6, 'a stop string ends the answer and does not leak', async () => {
  const whole = await text()
  const word = whole.slice(13, 20)
  const chunks = await all(await chat({ stop: [word], stream: true }))
  assert.equal(joined(chunks), whole.slice(0, whole.indexOf(word)))
  assert.equal(chunks.at(-1).choices[0].finish_reason, 'stop')
})

check(4, 'characters of several bytes come whole', async () => {
  const wanted = '🎉日本語とemoji👩‍🚀é'
  const pieces = (await all(await chat({ stream: true, max_tokens: 200, choice: [wanted] }))).map((c) => c.choices[0]?.delta.content ?? '')
  assert.equal(pieces.join(''), wanted)
  assert.ok(!pieces.some((p) => p.includes('�') || !p.isWellFormed()))
})

check(1, 'a call of a tool, whole and streamed', async () => {
  const r = await chat({ tools, tool_choice: 'required', max_tokens: 200 })
  assert.equal(r.choices[0].finish_reason, 'tool_calls')
  const call = r.choices[0].message.tool_calls[0]
  assert.equal(call.function.name, 'weather')
  assert.ok(['Seville', 'Oslo'].includes(JSON.parse(call.function.arguments).city))
  const stream = client.chat.completions.stream({ model: MODEL, messages: user, temperature: 0, max_tokens: 200, tools, tool_choice: 'required' })
  const streamed = (await stream.finalChatCompletion()).choices[0].message.tool_calls[0]
  assert.deepEqual(JSON.parse(streamed.function.arguments), JSON.parse(call.function.arguments))
  const back = [...user, r.choices[0].message, { role: 'tool', tool_call_id: call.id, content: 'sunny' }]
  assert.ok(await text({ messages: back, max_tokens: 10 }))
})

check(1, 'an answer by a schema', async () => {
  const response_format = { type: 'json_schema', json_schema: { name: 'weather', strict: true, schema: weather } }
  const r = await client.chat.completions.parse({ model: MODEL, messages: user, temperature: 0, max_tokens: 100, response_format })
  assert.ok(['Seville', 'Oslo'].includes(JSON.parse(r.choices[0].message.content).city))
})

check(1, 'completions, whole and streamed', async () => {
  const ask = { model: MODEL, prompt: 'Once upon a time', temperature: 0, max_tokens: 20 }
  const whole = (await client.completions.create(ask)).choices[0].text
  const chunks = await all(await client.completions.create({ ...ask, stream: true }))
  assert.equal(chunks.map((c) => c.choices[0]?.text ?? '').join(''), whole)
})

check(1, 'responses, whole and streamed', async () => {
  const r = await respond()
  assert.equal(r.output_text, await text())
  const events = await all(await respond({ stream: true }))
  assert.equal(events[0].type, 'response.created')
  assert.equal(events.at(-1).response.output_text ?? events.filter((e) => e.type === 'response.output_text.delta').map((e) => e.delta).join(''), r.output_text)
  assert.deepEqual(events.map((e) => e.sequence_number), events.map((_, i) => i))
})

check(1, 'responses: a call of a tool', async () => {
  const r = await respond({ tools: [{ type: 'function', name: 'weather', parameters: weather, strict: true }], tool_choice: 'required', max_output_tokens: 200 })
  const call = r.output.find((item) => item.type === 'function_call')
  assert.ok(['Seville', 'Oslo'].includes(JSON.parse(call.arguments).city))
})

check(2, 'errors are typed', async () => {
  await raises(OpenAI.NotFoundError, () => chat({ model: 'no-such-model' }), 404)
  assert.equal((await raises(OpenAI.BadRequestError, () => chat({ temperature: -1 }), 400)).param, 'temperature')
  assert.equal((await raises(OpenAI.BadRequestError, () => chat({ n: 100000 }), 400)).param, 'n')
  await raises(OpenAI.APIError, () => chat({ messages: [{ role: 'user', content: 'a'.repeat(17 << 20) }] }), 413)
  if (API_KEY && API_KEY !== 'none') {
    const other = client.withOptions({ apiKey: 'wrong' })
    await raises(OpenAI.AuthenticationError, () => other.models.list(), 401)
  }
})

async function occupy() {
  const stream = await chat(endless)
  const chunks = stream[Symbol.asyncIterator]()
  while (!(await chunks.next()).value.choices[0]?.delta.content);
  return stream
}

check(3, 'closing a stream ends its answer', async () => {
  for (let i = 0; i < 2 * (parallel || 4) + 1; i++) (await occupy()).controller.abort()
  assert.ok(await text({ max_tokens: 3 }))
})

check(8, 'one request too many is a RateLimitError, and the client\'s retry succeeds', async () => {
  if (!parallel || !queued) throw new Skip('PARALLEL and QUEUE are not known')
  const streams = []
  for (let i = 0; i < parallel; i++) streams.push(await occupy())
  // Some of them wait, and one is refused and comes again.
  const waiting = Array.from({ length: queued + 1 }, () => chat({ max_tokens: 3 }, { maxRetries: 20 }))
  let refused
  for (const end = Date.now() + 30_000; !refused; ) {
    assert.ok(Date.now() < end, 'nothing was refused within 30 s')
    await chat({ max_tokens: 3 }, { timeout: 1000 }).catch((error) => (refused = error instanceof OpenAI.RateLimitError ? error : undefined))
  }
  assert.ok(Number(refused.headers.get('retry-after')) >= 1)
  for (const stream of streams) stream.controller.abort()
  for (const answer of waiting) assert.ok((await answer).choices[0].message.content)
})

const name = `openai-node ${VERSION}`
const counts = { PASS: 0, FAIL: 0, SKIP: 0 }
for (const c of checks) {
  if (!c.name.includes(process.argv[2] ?? '')) continue
  let [verdict, detail] = ['PASS', '']
  try {
    await c.run()
  } catch (error) {
    verdict = error instanceof Skip ? 'SKIP' : 'FAIL'
    detail = '\t' + `${error.message}`.replace(/\s+/g, ' ').slice(0, 600)
    if (verdict === 'FAIL') console.error(error)
  }
  counts[verdict]++
  console.log(`${verdict} ${c.point} ${name}: ${c.name}${detail}`)
}
console.log(`${name}: ${counts.PASS} passed, ${counts.FAIL} failed, ${counts.SKIP} skipped`)
process.exit(counts.FAIL || !counts.PASS ? 1 : 0)
