package openai_test

import (
	"bytes"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"image"
	"image/png"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/embed"
	"github.com/gocoreml/coreml/generate/openai"
	"github.com/gocoreml/coreml/tokenizer"
)

const embeddingsPath = "/v1/embeddings"

// encoder opens one of the encoders that package embed is tested with.
func encoder(t *testing.T, name string) *embed.Model {
	t.Helper()
	m, err := embed.Open(t.Context(), filepath.Join("../embed/testdata/encoders", name, "model.mlpackage"), nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := m.Close(); err != nil {
			t.Error(err)
		}
	})
	return m
}

func TestEmbeddings(t *testing.T) {
	m := encoder(t, "mean-bert")
	s := serve(t, openai.Config{}, generate.Config{}, openai.Model{ID: "bert", Encoder: m}, openai.Model{ID: "rank", Encoder: encoder(t, "reranker")})
	texts := []string{"the cat sat", "rain on the roof"}
	want, err := m.Embed(t.Context(), texts, nil)
	if err != nil {
		t.Fatal(err)
	}
	type reply struct {
		Object, Model string
		Data          []struct {
			Object    string
			Index     int
			Embedding json.RawMessage
		}
		Usage usage
	}
	floats := func(raw json.RawMessage) (v []float32) {
		if err := json.Unmarshal(raw, &v); err != nil {
			t.Fatal(err)
		}
		return v
	}
	var ids [2]string
	for k, text := range texts {
		list, err := m.Tokenizer().Encode(text, false)
		if err != nil {
			t.Fatal(err)
		}
		data, err := json.Marshal(list)
		if err != nil {
			t.Fatal(err)
		}
		ids[k] = string(data)
	}
	for _, c := range []struct {
		input string
		n     int
	}{
		{`"the cat sat"`, 1}, {`["the cat sat","rain on the roof"]`, 2}, {ids[0], 1}, {"[" + ids[0] + "," + ids[1] + "]", 2},
	} {
		var r reply
		s.post(embeddingsPath, `{"model":"bert","input":`+c.input+`}`, &r)
		if len(r.Data) != c.n || r.Object != "list" || r.Model != "bert" || r.Usage.PromptTokens < 5 || r.Usage.TotalTokens != r.Usage.PromptTokens {
			t.Fatalf("%s: %+v", c.input, r)
		}
		for k, d := range r.Data {
			if v := floats(d.Embedding); !slices.Equal(v, want[k]) || d.Index != k || d.Object != "embedding" {
				t.Errorf("%s: vector %d is %v, want %v", c.input, k, v, want[k])
			}
		}
	}
	var coded reply
	s.post(embeddingsPath, `{"model":"bert","encoding_format":"base64","input":"the cat sat"}`, &coded)
	var text string
	if err := json.Unmarshal(coded.Data[0].Embedding, &text); err != nil {
		t.Fatal(err)
	}
	data, err := base64.StdEncoding.DecodeString(text)
	if err != nil || len(data) != 4*len(want[0]) {
		t.Fatal(text, err)
	}
	for k, v := range want[0] {
		if got := math.Float32frombits(binary.LittleEndian.Uint32(data[4*k:])); got != v {
			t.Errorf("number %d is %v, want %v", k, got, v)
		}
	}
	var short reply
	s.post(embeddingsPath, `{"model":"bert","dimensions":8,"input":"the cat sat"}`, &short)
	if v := floats(short.Data[0].Embedding); len(v) != 8 {
		t.Errorf("%v", v)
	}
	for _, c := range []struct{ body, param, code string }{
		{`"model":"bert","dimensions":33,"input":"a"`, "dimensions", ""},
		{`"model":"bert","dimensions":"8","input":"a"`, "dimensions", ""},
		{`"model":"bert","encoding_format":"hex","input":"a"`, "encoding_format", ""},
		{`"model":"bert"`, "input", ""},
		{`"model":"bert","input":[]`, "input", ""},
		{`"model":"bert","input":{}`, "input", ""},
		{`"model":"bert","input":["a",5]`, "input[1]", ""},
		{`"model":"bert","input":["a",null]`, "input[1]", ""},
		{`"model":"bert","input":[5,"a"]`, "input[1]", ""},
		{`"model":"bert","input":"` + strings.Repeat("the cat sat ", 500) + `"`, "input", "context_length_exceeded"},
		{`"model":"rank","input":"a"`, "model", ""},
		{`"model":"story","input":"a"`, "model", ""},
	} {
		if e := s.refused(embeddingsPath, `{`+c.body+`}`); e.status != 400 || e.Param != c.param || e.Code != c.code {
			t.Errorf("%.100s: %+v", c.body, e)
		}
	}
	var cut reply
	s.post(embeddingsPath, `{"model":"bert","truncate_prompt_tokens":-1,"input":"`+strings.Repeat("the cat sat ", 500)+`"}`, &cut)
	if len(cut.Data) != 1 || cut.Usage.PromptTokens != m.MaxTokens() {
		t.Errorf("%+v", cut.Usage)
	}
	if e := s.refused(chatPath, `{"model":"bert",`+hello+`}`); e.status != 400 || e.Param != "model" {
		t.Errorf("%+v", e)
	}
}

func TestTokens(t *testing.T) {
	s := serve(t, openai.Config{}, generate.Config{}, openai.Model{ID: "bert", Encoder: encoder(t, "mean-bert")})
	tok := s.g.Tokenizer()
	const text = "Once upon a fox 🦊"
	plain, err := tok.Encode(text, false)
	if err != nil {
		t.Fatal(err)
	}
	special, err := tok.Encode(text, true)
	if err != nil {
		t.Fatal(err)
	}
	type reply struct {
		Tokens      []int
		Count       int
		MaxModelLen int      `json:"max_model_len"`
		Texts       []string `json:"token_strs"`
	}
	for _, c := range []struct {
		body string
		want []int
	}{
		{`"prompt":"` + text + `"`, special},
		{`"content":"` + text + `","add_special":false`, plain},
		{`"prompt":"` + text + `","add_special_tokens":false,"return_token_strs":true`, plain},
		{`"prompt":""`, special[:len(special)-len(plain)]},
	} {
		var r reply
		s.post("/tokenize", `{"model":"story",`+c.body+`}`, &r)
		if !slices.Equal(r.Tokens, c.want) || r.Count != len(c.want) || r.MaxModelLen != s.g.ContextLength() || strings.Contains(c.body, "strs") && len(r.Texts) != len(c.want) {
			t.Errorf("%s: %+v, want %v", c.body, r, c.want)
		}
	}
	var pieces struct {
		Tokens []struct {
			ID    int
			Piece any
		}
	}
	s.post("/tokenize", `{"model":"story","content":"`+text+`","with_pieces":true,"add_special":false}`, &pieces)
	var joined []byte
	for k, p := range pieces.Tokens {
		switch v := p.Piece.(type) {
		case string:
			joined = append(joined, v...)
		case []any:
			for _, b := range v {
				joined = append(joined, byte(b.(float64)))
			}
		}
		if p.ID != plain[k] {
			t.Errorf("token %d is %d, want %d", k, p.ID, plain[k])
		}
	}
	if string(joined) != text {
		t.Errorf("the pieces are %q", joined)
	}
	ids, err := json.Marshal(plain)
	if err != nil {
		t.Fatal(err)
	}
	var back struct{ Content, Prompt string }
	s.post("/detokenize", `{"model":"story","tokens":`+string(ids)+`}`, &back)
	if back.Content != text || back.Prompt != text {
		t.Errorf("%+v", back)
	}
	var other reply
	s.post("/tokenize", `{"model":"bert","content":"the cat"}`, &other)
	if other.Count < 2 {
		t.Errorf("%+v", other)
	}
	if e := s.refused("/tokenize", `{"model":"bert",`+hello+`}`); e.Param != "model" {
		t.Errorf("%+v", e)
	}
}

// words is a tokenizer of n words, w0 and so on.
func words(t *testing.T, n int) *tokenizer.Tokenizer {
	t.Helper()
	vocab := map[string]int{}
	for k := range n {
		vocab[fmt.Sprintf("w%d", k)] = k
	}
	data, err := json.Marshal(map[string]any{
		"version": "1.0", "added_tokens": []any{}, "pre_tokenizer": map[string]string{"type": "WhitespaceSplit"},
		"model": map[string]any{"type": "WordLevel", "unk_token": "w0", "vocab": vocab},
	})
	if err != nil {
		t.Fatal(err)
	}
	dir := t.TempDir()
	if err := os.WriteFile(filepath.Join(dir, "tokenizer.json"), data, 0o600); err != nil {
		t.Fatal(err)
	}
	tok, err := tokenizer.Load(dir)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

// Adapters and functions are asked for by the model's name or by fields, and give what the
// functions of the package give that were made of them.
func TestAdaptersAndFunctions(t *testing.T) {
	m, err := coreml.Load(t.Context(), "../../testdata/fixtures/lora-multifunction/model.mlpackage", &coreml.Config{Engine: coreml.EnginePortable, Arithmetic: coreml.ArithmeticWide})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close() //nolint:errcheck // only read
	g, err := generate.New(m, words(t, 512), &generate.Config{Chat: &tokenizer.ChatOptions{Template: "{% for m in messages %}{{ m.content }}{% endfor %}"}})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close() //nolint:errcheck // only read
	sessions, err := g.NewSessions(nil)
	if err != nil {
		t.Fatal(err)
	}
	s := serve(t, openai.Config{}, generate.Config{}, openai.Model{ID: "lora", Generator: g, Sessions: sessions, Adapters: map[string][]coreml.Adapter{
		"p": {{Path: "../../testdata/adapters/poet"}}, "c": {{Path: "../../testdata/adapters/coder"}}, "broken": {{Path: "../../testdata/nothing"}},
	}})
	const prompt = `"messages":[{"role":"user","content":"w175 w196 w25 w502 w67"}]`
	first := map[string]string{"base": "w461", "coder": "w96", "poet": "w337"}
	for _, c := range []struct{ model, fields, want string }{
		{"lora", "", "base"},
		{"lora:p", "", "poet"},
		{"lora:c", "", "coder"},
		{"lora", `"adapter":"p",`, "poet"},
		{"lora", `"adapter":"c",`, "coder"},
		{"lora:poet", "", "poet"},
		{"lora:base", "", "base"},
		{"lora", `"function":"coder",`, "coder"},
	} {
		for _, header := range [][]string{nil, {"X-Session-Id", "one"}} {
			var r chatReply
			s.post(chatPath, `{"model":"`+c.model+`","max_tokens":1,"temperature":0,`+c.fields+prompt+`}`, &r, header...)
			if got := *r.Choices[0].Message.Content; got != first[c.want] || r.Model != c.model {
				t.Errorf("%s %s: %q of %s, want %q", c.model, c.fields, got, r.Model, first[c.want])
			}
		}
	}
	var list struct{ Data []struct{ ID, Parent string } }
	if err := json.Unmarshal(s.do("GET", "/v1/models", "").body, &list); err != nil {
		t.Fatal(err)
	}
	if len(list.Data) != 5 || list.Data[2].ID != "lora:broken" || list.Data[3].ID != "lora:c" || list.Data[3].Parent != "lora" {
		t.Errorf("%+v", list)
	}
	r := s.do("POST", chatPath, `{"model":"lora:broken","max_tokens":1,`+prompt+`}`)
	if e := failureOf(t, r); e.status != 500 || strings.Contains(string(r.body), "testdata") {
		t.Errorf("an adapter that is not there: %+v", e)
	}
}

// dataURI returns a picture as clients send it.
func dataURI(t *testing.T, img image.Image) string {
	t.Helper()
	var data bytes.Buffer
	if err := png.Encode(&data, img); err != nil {
		t.Fatal(err)
	}
	return "data:image/png;base64," + base64.StdEncoding.EncodeToString(data.Bytes())
}

func TestPictures(t *testing.T) {
	dir := filepath.Join(os.Getenv("COREML_FIXTURES"), "..", "families", "vlm-tiny")
	if _, err := os.Stat(filepath.Join(dir, "generation.json")); os.Getenv("COREML_FIXTURES") == "" || err != nil {
		t.Skipf("SKIPPED: %s needs the folder families/vlm-tiny beside COREML_FIXTURES", t.Name())
	}
	file, err := os.Open("../../testdata/drivers/vlm-tiny/driver.json")
	if err != nil {
		t.Fatal(err)
	}
	defer file.Close()
	driver, err := generate.ReadDriver(file)
	if err != nil {
		t.Fatal(err)
	}
	g, err := generate.Open(t.Context(), dir, &generate.Config{Driver: driver, Chat: &tokenizer.ChatOptions{
		Template: `{% for m in messages %}{% if m.content is string %}{{ m.content }}{% else %}{% for p in m.content %}{% if p.type == 'image' %}<image>{% else %}{{ p.text }}{% endif %}{% endfor %}{% endif %}{% endfor %}`,
	}})
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close() //nolint:errcheck // only read
	s := serve(t, openai.Config{}, generate.Config{}, openai.Model{ID: "eyes", Generator: g})
	data, err := os.ReadFile(filepath.Join(dir, "image0.png"))
	if err != nil {
		t.Fatal(err)
	}
	img, _, err := image.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	messages := []tokenizer.Message{{Role: "user", Content: "Look:<image> Once"}}
	want, err := generate.Collect(g.Chat(t.Context(), messages, &generate.Options{MaxTokens: 6, Sampling: &generate.Sampling{}, IgnoreEnd: true, Images: []image.Image{img}}))
	if err != nil {
		t.Fatal(err)
	}
	ask := func(url string) string {
		return `{"model":"eyes","max_tokens":6,"temperature":0,"ignore_eos":true,"messages":[{"role":"user","content":[{"type":"text","text":"Look:"},{"type":"image_url","image_url":{"url":"` + url + `","detail":"auto"}},{"type":"text","text":" Once"}]}]}`
	}
	var r chatReply
	s.post(chatPath, ask("data:image/png;base64,"+base64.StdEncoding.EncodeToString(data)), &r)
	if got := *r.Choices[0].Message.Content; got != want.Text || r.Usage.PromptTokens != want.Stats.PromptTokens {
		t.Errorf("%q, want %q", got, want.Text)
	}
	// One of another size is scaled.
	large := image.NewRGBA(image.Rect(0, 0, 3*img.Bounds().Dx()+1, 2*img.Bounds().Dy()+5))
	s.post(chatPath, ask(dataURI(t, large)), &r)
	if r.Usage.PromptTokens != want.Stats.PromptTokens {
		t.Errorf("%+v, want %+v", r.Usage, want.Stats)
	}
	wide := image.NewGray(image.Rect(0, 0, 9000, 1))
	for _, url := range []string{"https://example.com/a.png", "file:///etc/passwd", "data:text/html;base64,AAAA", "data:image/png;base64,AAAA", "data:image/png;base64,!", dataURI(t, wide)} {
		if e := s.refused(chatPath, ask(url)); e.status != 400 || e.Param != "messages[0].content[1].image_url.url" {
			t.Errorf("%.40s: %+v", url, e)
		}
	}
	if e := s.refused(chatPath, strings.Replace(ask(dataURI(t, large)), `"eyes"`, `"story"`, 1)); e.status != 400 || e.Code != "unsupported_parameter" {
		t.Errorf("a model that sees nothing: %+v", e)
	}
}
