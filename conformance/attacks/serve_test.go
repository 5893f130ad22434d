//go:build linux

package attacks_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"time"
)

// website is a server under attack.
type website struct {
	t   *testing.T
	url string
}

// listens matches what the command says when its models are there.
var listens = regexp.MustCompile(`"url":"(http://[^"]+)"`)

// serving is an attack on the command's server: what it does is tried, then an honest
// request has to be answered, and the command ends in order.
func serving(name string, try func(w *website), args ...string) *attack {
	return &attack{
		name:    "serve/" + name,
		command: append([]string{"serve", "--addr", "127.0.0.1:0", "--json", "--parallel", "2", "--queue", "8"}, args...),
		during: func(t *testing.T, _ string, p *process) {
			w := &website{t: t}
			for end := time.Now().Add(deadline); w.url == ""; time.Sleep(10 * time.Millisecond) {
				if m := listens.FindStringSubmatch(p.output.String()); m != nil {
					w.url = m[1]
				} else if time.Now().After(end) {
					t.Fatal("it does not listen")
				}
			}
			try(w)
			w.answers()
			if err := p.Process.Signal(syscall.SIGTERM); err != nil {
				t.Error(err)
			}
		},
	}
}

// answers asks what an honest client asks.
func (w *website) answers() {
	w.t.Helper()
	status, body := w.post("/v1/completions", `{"prompt":"Once upon a time","max_tokens":4}`)
	if status != http.StatusOK || !strings.Contains(body, `"choices"`) {
		w.t.Errorf("an honest request: status %d, %.300q", status, body)
	}
}

// client gives up in the end, so that a server that hangs fails the test.
var client = &http.Client{Timeout: deadline / 2}

// post sends a request of JSON.
func (w *website) post(path, body string) (status int, text string) {
	w.t.Helper()
	return w.send(http.MethodPost, path, strings.NewReader(body))
}

// send sends a request with headers, given as pairs. Where the server ends the connection
// the status is 0.
func (w *website) send(method, path string, body io.Reader, headers ...string) (status int, text string) {
	w.t.Helper()
	req, err := http.NewRequestWithContext(w.t.Context(), method, w.url+path, body)
	if err != nil {
		w.t.Fatal(err)
	}
	if _, ok := body.(sized); ok {
		req.ContentLength = 64 << 20
	}
	req.Header.Set("Content-Type", "application/json")
	for k := 0; k+1 < len(headers); k += 2 {
		req.Header.Set(headers[k], headers[k+1])
	}
	resp, err := client.Do(req)
	if err != nil {
		if strings.Contains(err.Error(), "Client.Timeout") {
			w.t.Errorf("%s: it hangs", path)
		}
		return 0, err.Error()
	}
	defer resp.Body.Close()
	data, err := io.ReadAll(io.LimitReader(resp.Body, 16<<20))
	if err != nil {
		return 0, err.Error()
	}
	return resp.StatusCode, string(data)
}

// refused sends a request that has to be refused with one of the statuses, in the form of an
// error and without characters that could steer a terminal.
func (w *website) refused(what, path, body string, statuses ...int) {
	w.t.Helper()
	status, text := w.post(path, body)
	w.checkRefused(what, status, text, statuses...)
}

func (w *website) checkRefused(what string, status int, text string, statuses ...int) {
	w.t.Helper()
	var reply struct {
		Error *struct{ Message, Type string }
	}
	if !slices.Contains(statuses, status) || json.Unmarshal([]byte(text), &reply) != nil || reply.Error == nil || reply.Error.Message == "" || reply.Error.Type == "" {
		w.t.Errorf("%s: status %d, %.300q, want %d", what, status, text, statuses)
		return
	}
	if len(text) > 10_000 {
		w.t.Errorf("%s: the error has %d bytes", what, len(text))
	}
	if bad := control(reply.Error.Message); bad != "" {
		w.t.Errorf("%s: the error has %s", what, bad)
	}
}

// numbered returns n texts of a format, which has their number, with commas between.
func numbered(n int, format string) string {
	var b strings.Builder
	for i := range n {
		if i > 0 {
			b.WriteByte(',')
		}
		fmt.Fprintf(&b, format, i)
	}
	return b.String()
}

// requests are hostile requests: bodies that cost more than they say, and names that mean
// something elsewhere.
func requests() []*attack {
	ask := func(fields string) string { return `{"prompt":"Once","max_tokens":4,` + fields + `}` }
	deep := func(n int, open, inner, end string) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(end, n)
	}
	const completions, chat, messages = "/v1/completions", "/v1/chat/completions", "/v1/messages"
	return []*attack{
		serving("bodies that are too large", func(w *website) {
			for _, path := range []string{completions, chat, messages, "/v1/responses", "/v1/embeddings", "/tokenize", "/detokenize"} {
				// A client may meet the end of the connection while it still writes.
				if status, text := w.send(http.MethodPost, path, sized{io.LimitReader(spaces{}, 64<<20)}); status != 0 {
					w.checkRefused(path, status, text, http.StatusRequestEntityTooLarge)
				}
				if status, text := w.send(http.MethodPost, path, io.LimitReader(spaces{}, 1<<30)); status != 0 {
					w.checkRefused(path+" without a length", status, text, http.StatusRequestEntityTooLarge)
				}
			}
		}),
		serving("nested bodies", func(w *website) {
			for _, path := range []string{completions, chat, messages, "/v1/responses"} {
				w.refused("lists", path, `{"prompt":`+deep(1_000_000, "[", "1", "]")+`}`, http.StatusBadRequest)
				w.refused("lists without end", path, `{"prompt":`+strings.Repeat("[", 4_000_000), http.StatusBadRequest)
				w.refused("objects", path, deep(500_000, `{"a":`, "1", "}"), http.StatusBadRequest)
			}
		}),
		serving("lists without end", func(w *website) {
			w.refused("values", completions, ask(`"x":[`+numbered(1_900_000, "%d")+`]`), http.StatusBadRequest)
			w.refused("stop strings", completions, ask(`"stop":[`+numbered(200_000, `"s%d"`)+`]`), http.StatusBadRequest)
			w.refused("a long stop string", completions, ask(`"stop":"`+strings.Repeat("a", 1<<20)+`"`), http.StatusBadRequest)
			w.refused("end tokens", completions, ask(`"stop_token_ids":[`+numbered(500_000, "%d")+`]`), http.StatusBadRequest)
			w.refused("biases", completions, ask(`"logit_bias":{`+numbered(200_000, `"%d":1`)+`}`), http.StatusBadRequest)
			w.refused("prompts", completions, `{"max_tokens":1,"prompt":[`+numbered(100_000, `"p%d"`)+`]}`, http.StatusBadRequest)
			w.refused("token ids", completions, `{"max_tokens":1,"prompt":[`+numbered(500_000, "%d")+`]}`, http.StatusBadRequest)
			w.refused("answers", completions, ask(`"n":1000000`), http.StatusBadRequest)
			w.refused("bad words", completions, ask(`"bad_words":[`+numbered(100_000, `"w%d"`)+`]`), http.StatusBadRequest)
			w.refused("messages", chat, `{"messages":[`+numbered(200_000, `{"role":"user","content":"%d"}`)+`]}`, http.StatusBadRequest)
			w.refused("tools", messages, `{"max_tokens":1,"messages":[{"role":"user","content":"a"}],"tools":[`+numbered(50_000, `{"name":"t%d","input_schema":{}}`)+`]}`, http.StatusBadRequest)
			w.refused("log-probabilities", completions, ask(`"logprobs":1000000000`), http.StatusBadRequest)
		}),
		serving("schemas", func(w *website) {
			schema := func(text string) string {
				return ask(`"response_format":{"type":"json_schema","json_schema":{"name":"s","schema":` + text + `}}`)
			}
			// Ten alternatives of ten alternatives, and so on; all of them are written out.
			defs := `"d0":{"enum":[1]}`
			for i := 1; i < 40; i++ {
				ref := fmt.Sprintf(`{"$ref":"#/$defs/d%d"}`, i-1)
				defs += fmt.Sprintf(`,"d%d":{"type":"object","properties":{"a":%s,"b":%s},"required":["a","b"],"additionalProperties":false}`, i, ref, ref)
			}
			for what, text := range map[string]string{
				"references that double":   `{"$ref":"#/$defs/d39","$defs":{` + defs + `}}`,
				"a reference to itself":    `{"$ref":"#"}`,
				"a loop of references":     `{"$ref":"#/$defs/a","$defs":{"a":{"$ref":"#/$defs/b"},"b":{"$ref":"#/$defs/a"}}}`,
				"a reference to elsewhere": `{"$ref":"http://127.0.0.1:1/schema.json"}`,
				"a billion elements":       `{"type":"array","minItems":1000000000,"items":{"enum":[1]}}`,
				"a billion characters":     `{"type":"string","minLength":1000000000}`,
				"a pattern that explodes":  `{"type":"string","pattern":"^((a{1,1000}){1,1000}){1,1000}$"}`,
				"alternatives":             `{"anyOf":[` + numbered(100_000, `{"type":"object","properties":{"p%d":{"type":"string"}}}`) + `]}`,
				"conjunctions":             `{"allOf":[` + numbered(2_000, `{"anyOf":[{"type":"string","minLength":%d},{"type":"number"}]}`) + `]}`,
			} {
				w.bounded(what, completions, schema(text))
			}
		}),
		serving("regular expressions and grammars", func(w *website) {
			for what, field := range map[string]string{
				"counts of counts":     `"regex":"((a{1000}){1000}){1000}"`,
				"stars of stars":       `"regex":"((((((a*)*)*)*)*)*)*b"`,
				"a long expression":    `"regex":"` + strings.Repeat("(a|b)?", 100_000) + `"`,
				"groups in groups":     `"regex":"` + deep(100_000, "(", "a", ")") + `"`,
				"left recursion":       `"grammar":"root ::= root \"a\" | \"b\""`,
				"a rule without end":   `"grammar":"root ::= a\na ::= b\nb ::= a"`,
				"rules that double":    `"grammar":"` + strings.ReplaceAll(doubling(60), "\n", `\n`) + `"`,
				"choices":              `"choice":[` + numbered(100_000, `"c%d"`) + `]`,
				"a long choice":        `"choice":["` + strings.Repeat("a", 4<<20) + `"]`,
				"an empty choice":      `"choice":[]`,
				"a template that runs": `"chat_template":"{% for i in range(1000000000) %}{{ i }}{% endfor %}"`,
			} {
				w.bounded(what, completions, ask(field))
			}
			loop := `{% set ns = namespace(s='a') %}{% for i in range(100000) %}{% set ns.s = ns.s ~ ns.s %}{% endfor %}{{ ns.s }}`
			w.refused("a template that doubles a text", chat, `{"messages":[{"role":"user","content":"a"}],"chat_template":"`+loop+`"}`, http.StatusBadRequest)
			w.refused("a template in a template", messages, `{"max_tokens":1,"messages":[{"role":"user","content":"a"}],"chat_template":"`+deep(20_000, "{% if 1 %}", "a", "{% endif %}")+`"}`, http.StatusBadRequest)
		}),
		serving("texts that are none", func(w *website) {
			for what, body := range map[string]string{
				"bytes":            "{\"prompt\":\"\xff\xfe\"}",
				"half a character": "{\"prompt\":\"\xf0\x9f\x8e\"}",
				"a surrogate":      "{\"prompt\":\"\xed\xa0\x80\"}",
				"a key":            "{\"\xff\":1}",
				"no object":        "\xff",
				"nothing":          "",
				"two values":       `{"prompt":"a"}{"prompt":"b"}`,
				"a number alone":   strings.Repeat("9", 1<<20),
				"a large exponent": `{"prompt":1e999999999,"messages":1e999999999,"input":1e999999999,"content":1e999999999}`,
			} {
				for _, path := range []string{completions, chat, messages, "/v1/responses", "/tokenize"} {
					w.refused(what+" for "+path, path, body, http.StatusBadRequest)
				}
			}
			w.bounded("half of a pair of surrogates", completions, `{"prompt":"\ud83c","max_tokens":2}`)
			w.bounded("zero bytes", completions, `{"prompt":"a\u0000b","max_tokens":2}`)
			w.bounded("a large text of tokens", "/tokenize", `{"content":"`+strings.Repeat("a b", 1<<20)+`"}`)
			w.refused("token ids that are none", "/detokenize", `{"tokens":[-1,99999999999]}`, http.StatusBadRequest)
		}),
		serving("names of files", func(w *website) {
			for _, name := range []string{
				"../../../../etc/passwd", "/etc/passwd", "file:///etc/passwd", `..\\..\\windows`, "storyteller:../../etc", "storyteller/../x",
				`a\u0000b`, `\u001b[31mred`, `\u202etxt`, "https://127.0.0.1:1/", strings.Repeat("a", 1<<20),
			} {
				w.refused("model "+name[:min(len(name), 40)], completions, `{"prompt":"a","max_tokens":1,"model":"`+name+`"}`, http.StatusNotFound, http.StatusBadRequest)
				w.refused("adapter "+name[:min(len(name), 40)], completions, `{"prompt":"a","max_tokens":1,"adapter":"`+name+`"}`, http.StatusBadRequest)
				w.refused("function "+name[:min(len(name), 40)], completions, `{"prompt":"a","max_tokens":1,"function":"`+name+`"}`, http.StatusBadRequest)
			}
			for _, path := range []string{
				"/v1/models/..%2f..%2fetc%2fpasswd", "/v1/models/%00", "/v1/models/%1b[31m", "/..%2f..%2fetc%2fpasswd", "/v1/%2e%2e/%2e%2e/etc/passwd",
				"/v1/models/%ff", "/%0d%0aset-cookie:a", "/assets/..%2f..%2fserve.go", "/?" + strings.Repeat("a", 20_000),
			} {
				status, text := w.send(http.MethodGet, path, nil)
				if strings.Contains(text, "root:") || status >= http.StatusInternalServerError {
					w.t.Errorf("%s: status %d, %.300q", path, status, text)
				}
			}
			for _, url := range []string{"file:///etc/passwd", "http://127.0.0.1:1/a.png", "data:image/png;base64,AAAA"} {
				w.refused("a picture", chat, `{"messages":[{"role":"user","content":[{"type":"image_url","image_url":{"url":"`+url+`"}}]}]}`, http.StatusBadRequest)
			}
		}),
		inSessions(),
	}
}

// inSessions has more sessions than there is memory for, and names of them that are none.
func inSessions() *attack {
	a := serving("sessions without end", func(w *website) {
		const body = `{"messages":[{"role":"user","content":"a"}],"max_tokens":1}`
		session := func(id string) (int, string) {
			return w.send(http.MethodPost, "/v1/chat/completions", strings.NewReader(body), "X-Session-Id", id)
		}
		for i := range 300 {
			if status, text := session(fmt.Sprintf("session-%d", i)); status != http.StatusOK {
				w.t.Errorf("session %d: status %d, %.300q", i, status, text)
				break
			}
		}
		for _, id := range []string{"../../etc/passwd", strings.Repeat("a", 30_000), "\x1b[31m", "a\tb", "ü\u202e", `"quoted"`} {
			// Some of these the client does not send.
			if status, text := session(id); status != http.StatusOK && status != 0 {
				w.checkRefused("session "+id[:min(len(id), 20)], status, text, http.StatusBadRequest)
			}
		}
	}, "--model", "m.mlpackage", "--session-dir", "sessions")
	a.prepare = func(t *testing.T, dir string) {
		story(t, dir)
		write(t, filepath.Join(dir, "chat_template.jinja"), []byte(`{% for m in messages %}<|story|>{{ m.content }}{% endfor %}<|story|>`))
	}
	a.leaves = []string{"sessions"}
	return a
}

// doubling returns a grammar of n rules, each of which is the one before it twice.
func doubling(n int) string {
	text := `root ::= r0`
	for i := range n {
		text += fmt.Sprintf("\nr%d ::= r%d r%d", i, i+1, i+1)
	}
	return text + fmt.Sprintf("\nr%d ::= [a-b]", n)
}

// bounded sends a request that may be answered or refused as the client's fault, and is
// neither the server's fault nor without an end.
func (w *website) bounded(what, path, body string) {
	w.t.Helper()
	status, text := w.post(path, body)
	if status != http.StatusOK {
		w.checkRefused(what, status, text, http.StatusBadRequest)
	}
}

// sized is a body of which the length is told.
type sized struct{ io.Reader }

// spaces is a text of spaces without an end.
type spaces struct{}

// Read implements io.Reader.
func (spaces) Read(p []byte) (int, error) {
	for k := range p {
		p[k] = ' '
	}
	return len(p), nil
}
