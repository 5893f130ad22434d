package bridge_test

import (
	"bytes"
	"context"
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"hash/crc32"
	"image"
	"image/color"
	"image/png"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/examples/storyteller"
	"github.com/gocoreml/coreml/generate"
	"github.com/gocoreml/coreml/generate/grammar"
	"github.com/gocoreml/coreml/generate/internal/bridge"
	"github.com/gocoreml/coreml/tokenizer"
)

// sight opens a tiny model that sees, whose words are w0 to w96.
func sight(t *testing.T) *generate.Generator {
	t.Helper()
	dir := t.TempDir()
	for _, part := range []string{"language", "array-first"} {
		if err := os.CopyFS(dir, os.DirFS(filepath.Join("..", "..", "..", "testdata", "vision", part))); err != nil {
			t.Fatal(err)
		}
	}
	vocab := map[string]int{}
	for i := range 97 {
		vocab[fmt.Sprintf("w%d", i)] = i
	}
	words := map[string]any{
		"version": "1.0", "pre_tokenizer": map[string]any{"type": "WhitespaceSplit"},
		"model": map[string]any{"type": "WordLevel", "vocab": vocab, "unk_token": "w0"},
	}
	data, err := json.Marshal(words)
	if err == nil {
		err = os.WriteFile(filepath.Join(dir, "tokenizer.json"), data, 0o600)
	}
	if err != nil {
		t.Fatal(err)
	}
	g, err := generate.Open(t.Context(), dir, &generate.Config{Model: &coreml.Config{Arithmetic: coreml.ArithmeticFaithful}})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = g.Close() })
	return g
}

// drawn returns a picture of a size as a file, and as it is.
func drawn(t *testing.T, w, h int) ([]byte, image.Image) {
	t.Helper()
	img := image.NewNRGBA(image.Rect(0, 0, w, h))
	for y := range h {
		for x := range w {
			img.SetNRGBA(x, y, color.NRGBA{uint8(255 * x / w), uint8(255 * y / h), 99, 255})
		}
	}
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	return b.Bytes(), img
}

func asked(chat string, parts ...bridge.Part) *bridge.Request {
	r := &bridge.Request{Messages: []bridge.Message{{Role: bridge.User, Parts: parts}}}
	r.Options = generate.Options{MaxTokens: 6, IgnoreEnd: true, Sampling: &generate.Sampling{}}
	if chat != "" {
		r.Options.Chat = &tokenizer.ChatOptions{Template: chat}
	}
	return r
}

// A picture is seen where its part stands, whether the template reads texts or parts, or
// there is none.
func TestPicturesStandWhereTheirPartsDo(t *testing.T) {
	g := sight(t)
	w, h, ok := g.ImageSize(1, 1)
	if !ok {
		t.Fatal("the model takes pictures of any size")
	}
	file, img := drawn(t, w, h)
	want, err := g.Generate(t.Context(), "w1 <image> w2", &generate.Options{MaxTokens: 6, IgnoreEnd: true, Sampling: &generate.Sampling{}, Images: []image.Image{img}})
	if err != nil {
		t.Fatal(err)
	}
	address := "data:image/png;base64," + base64.StdEncoding.EncodeToString(file)
	picture, err := bridge.OfURL(address)
	if err != nil || !bytes.Equal(picture.Data, file) {
		t.Fatalf("the address gives %v", err)
	}
	parts := []bridge.Part{{Text: "w1 "}, {Image: picture}, {Text: " w2"}}
	for name, chat := range map[string]string{
		"a text":      `{{ messages[0].content }}`,
		"parts":       `{% for p in messages[0].content %}{% if p.type == 'image' %}<image>{% else %}{{ p.text }}{% endif %}{% endfor %}`,
		"no template": "",
	} {
		r, err := generate.Collect(asked(chat, parts...).Stream(t.Context(), g))
		if err != nil || !slices.Equal(r.Tokens, want.Tokens) {
			t.Errorf("%s: %v (%v), want %v", name, r.Tokens, err, want.Tokens)
		}
	}
	// Another size is scaled.
	large, _ := drawn(t, 3*w+1, 2*h)
	r, err := generate.Collect(asked("", bridge.Part{Text: "w1 "}, bridge.Part{Image: &bridge.Picture{Data: large}}).Stream(t.Context(), g))
	if err != nil || len(r.Tokens) != 6 {
		t.Errorf("a picture of another size: %v (%v)", r.Tokens, err)
	}
	answers, err := asked("", parts...).Answers(t.Context(), g, 2)
	if err != nil || len(answers) != 2 || !slices.Equal(answers[1].Tokens, want.Tokens) {
		t.Errorf("two answers: %v (%v)", answers, err)
	}
}

// lying returns a PNG whose EXIF data say how it lies.
func lying(t *testing.T, img image.Image, orientation byte) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := png.Encode(&b, img); err != nil {
		t.Fatal(err)
	}
	chunk := append([]byte("eXIfMM\x00*\x00\x00\x00\x08\x00\x01\x01\x12\x00\x03\x00\x00\x00\x01\x00"), orientation, 0, 0, 0, 0, 0, 0)
	const header = 8 + 25 // the signature and the chunk IHDR
	file := slices.Clone(b.Bytes()[:header])
	file = binary.BigEndian.AppendUint32(file, uint32(len(chunk)-4))
	file = binary.BigEndian.AppendUint32(append(file, chunk...), crc32.ChecksumIEEE(chunk))
	return append(file, b.Bytes()[header:]...)
}

// A camera that was turned says so in the file, and transparency is no colour.
func TestPicturesAreShownUprightAndOpaque(t *testing.T) {
	g := sight(t)
	w, h, ok := g.ImageSize(1, 1)
	if !ok {
		t.Fatal("the model takes pictures of any size")
	}
	upright, img := drawn(t, 2*w, 3*h)
	lies := image.NewNRGBA(image.Rect(0, 0, 3*h, 2*w)) // which is turned to the right by orientation 6
	for y := range 3 * h {
		for x := range 2 * w {
			c, _ := img.At(x, y).(color.NRGBA)
			c.A = uint8(x + y)
			lies.SetNRGBA(y, 2*w-1-x, c)
		}
	}
	answer := func(file []byte) []int {
		r, err := generate.Collect(asked("", bridge.Part{Text: "w1 "}, bridge.Part{Image: &bridge.Picture{Data: file}}).Stream(t.Context(), g))
		if err != nil {
			t.Fatal(err)
		}
		return r.Tokens
	}
	if got, want := answer(lying(t, lies, 6)), answer(upright); !slices.Equal(got, want) {
		t.Errorf("the picture that lies gives %v, want %v", got, want)
	}
	if got := answer(lying(t, lies, 8)); slices.Equal(got, answer(upright)) {
		t.Error("how it lies makes no difference")
	}
}

func TestAPictureThatIsNoneIsRefused(t *testing.T) {
	g := sight(t)
	file, _ := drawn(t, 8, 8)
	huge := bytes.Clone(file)
	copy(huge[16:], []byte{0x7f, 0xff, 0xff, 0xff, 0x7f, 0xff, 0xff, 0xff}) // the sizes in the header
	for name, data := range map[string][]byte{"text": []byte("hello"), "nothing": nil, "a part": file[:len(file)/2], "a huge one": huge} {
		_, err := generate.Collect(asked("", bridge.Part{Image: &bridge.Picture{Data: data}}).Stream(t.Context(), g))
		if !errors.Is(err, generate.ErrConfig) || !strings.Contains(err.Error(), "messages[0]") {
			t.Errorf("%s: %v", name, err)
		}
	}
	for _, address := range []string{"https://example.com/a.png", "file:///a.png", "data:image/png;base64", "data:image/png;base64,=", "data:,%zz", "", strings.Repeat("x", 1<<16)} {
		if p, err := bridge.OfURL(address); err == nil || len(err.Error()) > 200 {
			t.Errorf("%.40q gave %v (%v)", address, p, err)
		}
	}
	if p, err := bridge.OfURL("data:text/plain,a%20b"); err != nil || string(p.Data) != "a b" {
		t.Errorf("an address without base64: %v (%v)", p, err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := generate.Collect(asked("", bridge.Part{Image: &bridge.Picture{Data: file}}).Stream(ctx, g)); !errors.Is(err, context.Canceled) || errors.Is(err, generate.ErrConfig) {
		t.Errorf("after the context has ended: %v", err)
	}
}

// A template shows what it is given by failing with it.
func TestAConversationIsWhatTemplatesRead(t *testing.T) {
	g, err := generate.OpenFS(t.Context(), storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	r := &bridge.Request{Messages: []bridge.Message{
		bridge.Text(bridge.System, "s"),
		{Role: bridge.User, Parts: []bridge.Part{{Text: "a"}, {Text: "b"}}},
		{Role: bridge.Assistant, Reasoning: "hm", Calls: []tokenizer.ToolCall{{ID: "1", Name: "f", Arguments: json.RawMessage(`{"z": 1, "a": 2}`)}}},
		{Role: bridge.Tool, CallID: "1", Parts: []bridge.Part{{Text: "3"}}},
	}}
	r.Options.Tools = []any{bridge.Function{Name: "f"}.Tool()}
	const show = `{# <tool_call> #}{% if tools %}{{ raise_exception((tools | tojson) ~ (messages | tojson)) }}{% endif %}{% for m in messages %}{% for c in m.tool_calls or [] %}{{ c.function.arguments | tojson }}{% endfor %}{% endfor %}`
	r.Options.Chat = &tokenizer.ChatOptions{Template: show, Transformers: 4}
	_, err = generate.Collect(r.Stream(t.Context(), g))
	var shown *tokenizer.TemplateError
	if !errors.As(err, &shown) || bridge.FaultOf(err) != bridge.FaultInvalid {
		t.Fatal(err)
	}
	const want = `[{"type": "function", "function": {"name": "f", "parameters": {"properties": {}, "type": "object"}}}]` +
		`[{"role": "system", "content": "s"}, {"role": "user", "content": "ab"}, ` +
		`{"role": "assistant", "content": "", "reasoning_content": "hm", "tool_calls": [{"id": "1", "type": "function", "function": {"name": "f", "arguments": {"z": 1, "a": 2}}}]}, ` +
		`{"role": "tool", "content": "3", "name": "f", "tool_call_id": "1"}]`
	if shown.Msg != want {
		t.Errorf("the template was given\n%s\nwant\n%s", shown.Msg, want)
	}
}

// What the model's own settings say is left to it: a package that chooses its tokens itself
// refuses any other.
func TestSettingsOfTheModelAreLeftToIt(t *testing.T) {
	g, err := generate.OpenFS(t.Context(), storyteller.FS(), storyteller.Package, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer g.Close()
	own := bridge.Options(g, nil)
	if own.Sampling == nil || own.Sampling.Temperature != g.DefaultSampling().Temperature {
		t.Fatalf("the options of none are %+v", own.Sampling)
	}
	base := &generate.Options{Sampling: &generate.Sampling{TopK: 3}, Stop: []string{"x"}}
	changed := bridge.Options(g, base)
	changed.Sampling.TopK = 4
	changed.Stop[0] = "y"
	if base.Sampling.TopK != 3 || base.Stop[0] != "x" {
		t.Errorf("the options of a call change those of all: %+v", base)
	}
}

func TestFaultsAreToldApart(t *testing.T) {
	for _, c := range []struct {
		err  error
		want bridge.Fault
	}{
		{fmt.Errorf("a: %w", context.Canceled), bridge.FaultCancelled},
		{context.DeadlineExceeded, bridge.FaultDeadline},
		{&generate.ContextError{}, bridge.FaultTooLong},
		{&generate.QueueError{}, bridge.FaultBusy},
		{generate.ErrClosed, bridge.FaultClosed},
		{fmt.Errorf("a: %w", generate.ErrIncomplete), bridge.FaultIncomplete},
		{bridge.Refused("N", "is %d", 7), bridge.FaultInvalid},
		{&tokenizer.TemplateError{}, bridge.FaultInvalid},
		{generate.ErrNonFinite, bridge.FaultInternal},
	} {
		if got := bridge.FaultOf(c.err); got != c.want {
			t.Errorf("%v is %d, want %d", c.err, got, c.want)
		}
	}
}

func TestGrammarsAreKept(t *testing.T) {
	var kept bridge.Grammars
	schema := map[string]any{"enum": []any{"a"}}
	first, err := kept.Schema(t.Context(), schema)
	if err != nil {
		t.Fatal(err)
	}
	for _, same := range []any{schema, `{"enum":["a"]}`, []byte(`{"enum":["a"]}`)} {
		if again, err := kept.Schema(t.Context(), same); err != nil || again != first {
			t.Errorf("%v is compiled again (%v)", same, err)
		}
	}
	anything, err := kept.Schema(t.Context(), nil)
	if err != nil || !anything.Match(`[1]`) {
		t.Errorf("any JSON: %v", err)
	}
	var unsupported *grammar.SchemaError
	if _, err := kept.Schema(t.Context(), `{"$recursiveRef": "#"}`); !errors.As(err, &unsupported) || !errors.Is(err, generate.ErrConfig) {
		t.Errorf("a keyword that is not supported: %v", err)
	}
	if _, err := kept.Schema(t.Context(), func() {}); !errors.Is(err, generate.ErrConfig) {
		t.Errorf("no JSON: %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := kept.Schema(ctx, `{"const": 1}`); !errors.Is(err, context.Canceled) || errors.Is(err, generate.ErrConfig) {
		t.Errorf("after the end of its context: %v", err)
	}
}
