package decoder_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/decoder"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
)

// rule is what Hugging Face tokenizers 0.23 writes for tokens, which have spaces
// between them here; ␣ stands for a space in one.
type rule struct{ name, tokens, want string }

func (c *rule) list() []string {
	return strings.Split(strings.ReplaceAll(c.tokens, "␣", "\x00"), " ")
}

// check tests what a decoder makes of tokens. With COREML_TOKENIZER_RULES the rules
// are written to that directory, for testdata/gen/tokenizer/rules.py to ask the
// reference about them.
func check(t *testing.T, spec string, rules []rule) {
	t.Helper()
	record(t, spec, rules)
	for _, c := range rules {
		t.Run(c.name, func(t *testing.T) {
			got, err := decode(t, spec, spaced(c.list()))
			if got != c.want || err != nil {
				t.Errorf("%q became %q, %v, want %q", c.tokens, got, err, c.want)
			}
		})
	}
}

// spaced returns tokens with their spaces.
func spaced(tokens []string) []string {
	for i, token := range tokens {
		tokens[i] = strings.ReplaceAll(token, "\x00", " ")
	}
	return tokens
}

func record(t *testing.T, spec string, rules []rule) {
	t.Helper()
	dir := os.Getenv("COREML_TOKENIZER_RULES")
	if dir == "" {
		return
	}
	var out []map[string]any
	for _, c := range rules {
		out = append(out, map[string]any{"kind": "decoder", "name": c.name, "spec": json.RawMessage(spec), "tokens": spaced(c.list()), "want": c.want})
	}
	text, err := json.Marshal(out)
	if err == nil {
		name := strings.ReplaceAll(t.Name(), "/", "-")
		err = os.WriteFile(filepath.Join(dir, name+".json"), text, 0o644)
	}
	if err != nil {
		t.Fatal(err)
	}
}

func steps(t *testing.T, spec string) []decoder.Step {
	t.Helper()
	var d decoder.Spec
	if err := json.Unmarshal([]byte(spec), &d); err != nil {
		t.Fatal(err)
	}
	list, err := d.Steps(nil, &pattern.Compiler{})
	if err != nil {
		t.Fatal(err)
	}
	return list
}

func decode(t *testing.T, spec string, tokens []string) (string, error) {
	t.Helper()
	var may budget.Budget
	may.Begin(nil, len(strings.Join(tokens, "")))
	got := slices.Clone(tokens)
	for _, step := range steps(t, spec) {
		got = step(&may, got)
	}
	return strings.Join(got, ""), may.Err
}

func TestByteLevel(t *testing.T) {
	check(t, `{"type":"ByteLevel","add_prefix_space":true,"trim_offsets":true}`, []rule{
		{"reads letters of the alphabet as bytes", "Ãł Ġla Ġcarte", "à la carte"},
		{"joins the bytes of a character from several tokens", "Ã ©", "é"},
		{"writes one replacement for a part of a character", "a Ã", "a\uFFFD"},
		{"writes one replacement for the longest part that could begin one", "ðŁĺ a", "\uFFFDa"},
		{"writes one for each byte that begins none", "ÿ ÿ", "\uFFFD\uFFFD"},
		{"leaves a token with other letters as it is", "日 Ġa", "日 a"},
		{"all of it", "Ġ日 Ġa", "Ġ日 a"},
		{"takes spaces for other letters", "␣Ġ", " Ġ"},
	})
}

func TestByteFallback(t *testing.T) {
	check(t, `{"type":"ByteFallback"}`, []rule{
		{"reads bytes in brackets", "a <0xC3> <0xA9> b", "aéb"},
		{"writes a replacement for each byte of a run that is no text", "<0xC3> <0xC3> <0xA9> a", "\uFFFD\uFFFD\uFFFDa"},
		{"a run ends where a token is no byte", "<0xC3> a <0xA9>", "\uFFFDa\uFFFD"},
		{"a run ends a text", "a <0xF0> <0x9F> <0x99> <0x82>", "a🙂"},
		{"small digits are digits", "<0xc3> <0xa9>", "é"},
		{"other brackets are text", "<0xG0> <0x0> <0x000> 0x41", "<0xG0><0x0><0x000>0x41"},
	})
}

func TestFuse(t *testing.T) {
	check(t, `{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Strip","content":"_","start":1,"stop":1}]}`, []rule{
		{"makes one token of all, which later steps see", "_a_ _b_", "a__b"},
	})
}

func TestMetaspace(t *testing.T) {
	for _, c := range []struct {
		spec  string
		rules []rule
	}{
		{`{"type":"Metaspace","replacement":"▁","prepend_scheme":"always","split":true}`, []rule{
			{"reads marks as spaces but for those of the first token", "▁a ▁b c", "a bc"},
			{"wherever they are in a token", "a▁b▁ ▁▁c", "ab  c"},
		}},
		{`{"type":"Metaspace","replacement":"▁","prepend_scheme":"first","split":true}`, []rule{
			{"one that is put there at first counts as well", "▁a ▁b", "a b"},
		}},
		{`{"type":"Metaspace","replacement":"▁","prepend_scheme":"never","split":true}`, []rule{
			{"keeps those where none was put", "▁a ▁b", " a b"},
		}},
		{`{"type":"Metaspace","replacement":"_","prepend_scheme":"always","split":true}`, []rule{
			{"takes another mark", "_a _b▁", "a b▁"},
		}},
	} {
		t.Run(c.rules[0].name, func(t *testing.T) { check(t, c.spec, c.rules) })
	}
}

// The decoder of one token at a time gives what the step gives for all.
func TestMetaspaceForOneTokenIsTheStep(t *testing.T) {
	for _, scheme := range []string{"always", "never"} {
		spec := `{"type":"Metaspace","replacement":"▁","prepend_scheme":"` + scheme + `"}`
		var d decoder.Spec
		if err := json.Unmarshal([]byte(spec), &d); err != nil {
			t.Fatal(err)
		}
		write, err := d.Spaces()
		if err != nil {
			t.Fatal(err)
		}
		tokens := []string{"▁a▁", "", "▁", "b▁▁c", "▁▁"}
		var may budget.Budget
		may.Begin(nil, 100)
		var b strings.Builder
		for i, token := range tokens {
			write(&may, &b, i, token)
		}
		if want, _ := decode(t, spec, tokens); b.String() != want {
			t.Errorf("%s: got %q, want %q", scheme, b.String(), want)
		}
	}
}

func TestBPEDecoder(t *testing.T) {
	check(t, `{"type":"BPEDecoder","suffix":"</w>"}`, []rule{
		{"reads the end of a word as a space but for the last", "he llo</w> you</w>", "hello you"},
		{"wherever it is in a token", "a</w>b c</w>d", "a bcd"},
		{"a last token without it stays as it is", "a</w> b", "a b"},
	})
}

func TestWordPiece(t *testing.T) {
	check(t, `{"type":"WordPiece","prefix":"##","cleanup":false}`, []rule{
		{"puts spaces between words and joins what continues one", "hel ##lo you", "hello you"},
		{"leaves the prefix of the first token", "##a b", "##a b"},
		{"leaves a prefix inside a token", "a b##c", "a b##c"},
		{"takes it away once", "a ####b", "a##b"},
	})
}

func TestWordPieceThatCleansUp(t *testing.T) {
	check(t, `{"type":"WordPiece","prefix":"##","cleanup":true}`, []rule{
		{"takes spaces before punctuation away", "yes , no . ok ! what ?", "yes, no. ok! what?"},
		{"joins English contractions", "I 'm we 've they 're it 's do n't", "I'm we've they're it's don't"},
		{"looks at each token by itself", "a ' b", "a ' b"},
		{"takes do not for don't inside a token", "I␣do␣not␣know", "I don't know"},
	})
}

func TestStrip(t *testing.T) {
	for _, c := range []struct {
		spec  string
		rules []rule
	}{
		{`{"type":"Strip","content":"_","start":1,"stop":0}`, []rule{{"takes one away at the start of each token", "__a _b_", "_ab_"}}},
		{`{"type":"Strip","content":"_","start":0,"stop":1}`, []rule{{"takes one away at the end of each token", "a__ _b_", "a__b"}}},
		{`{"type":"Strip","content":"_","start":2,"stop":1}`, []rule{{"takes as many as there are, up to the number", "___a__ _b", "_a_b"}}},
		{`{"type":"Strip","content":"é","start":1,"stop":1}`, []rule{{"takes a character of several bytes", "éaé", "a"}}},
	} {
		t.Run(c.rules[0].name, func(t *testing.T) { check(t, c.spec, c.rules) })
	}
}

func TestReplace(t *testing.T) {
	for _, c := range []struct {
		spec  string
		rules []rule
	}{
		{`{"type":"Replace","pattern":{"String":"▁"},"content":" "}`, []rule{
			{"takes a fixed text wherever it is", "▁a ▁b▁", " a b "},
			{"leaves other tokens", "a b", "ab"},
		}},
		{`{"type":"Replace","pattern":{"String":"aa"},"content":"b"}`, []rule{{"goes on behind what it has found", "aaa aaaa", "babb"}}},
		{`{"type":"Replace","pattern":{"String":"a"},"content":""}`, []rule{{"can leave nothing", "aba a", "b"}}},
		{`{"type":"Replace","pattern":{"Regex":"\\d+"},"content":"#"}`, []rule{{"takes a pattern in each token by itself", "a12 3b", "a##b"}}},
	} {
		t.Run(c.rules[0].name, func(t *testing.T) { check(t, c.spec, c.rules) })
	}
}

func TestCTC(t *testing.T) {
	check(t, `{"type":"CTC","pad_token":"<pad>","word_delimiter_token":"|","cleanup":true}`, []rule{
		{"takes repetitions away, and padding that keeps letters apart", "h h <pad> h i i", "hhi"},
		{"reads the delimiter as a space", "a | | b", "a b"},
		{"takes padding inside a token away", "a<pad>b", "ab"},
	})
}

func TestCTCThatLeavesTheText(t *testing.T) {
	check(t, `{"type":"CTC","pad_token":"<pad>","word_delimiter_token":"|","cleanup":false}`, []rule{
		{"keeps the delimiter", "a | b", "a|b"},
	})
}

func TestSequence(t *testing.T) {
	check(t, `{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}`, []rule{
		{"goes from the first step to the last, as Llama's does", "▁a <0x21> ▁b", "a! b"},
		{"takes one space of a text away", "▁▁a", " a"},
	})
}

func TestDecodersThatCannotBeAreRefused(t *testing.T) {
	for name, c := range map[string]struct{ spec, want string }{
		"one that nobody knows":         {`{"type":"Aloud"}`, `tokenizer: unsupported decoder "Aloud"`},
		"one inside a sequence":         {`{"type":"Sequence","decoders":[{"type":"Fuse"},{"type":"Aloud"}]}`, `tokenizer: unsupported decoder "Aloud"`},
		"a Strip of two characters":     {`{"type":"Strip","content":"ab","start":1,"stop":0}`, `tokenizer: unsupported option "Strip.content=ab"`},
		"a Strip of nothing":            {`{"type":"Strip","content":"","start":1,"stop":0}`, `tokenizer: unsupported option "Strip.content="`},
		"a Strip of less than nothing":  {`{"type":"Strip","content":"a","start":-1,"stop":0}`, `tokenizer: unsupported option "Strip.content=a"`},
		"a mark of two characters":      {`{"type":"Metaspace","replacement":"ab"}`, "ab"},
		"a pattern that does not parse": {`{"type":"Replace","pattern":{"Regex":"("},"content":""}`, "("},
	} {
		t.Run(name, func(t *testing.T) {
			var d decoder.Spec
			if err := json.Unmarshal([]byte(c.spec), &d); err != nil {
				t.Fatal(err)
			}
			if _, err := d.Steps(nil, &pattern.Compiler{}); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error with %q", err, c.want)
			}
		})
	}
}

// A step that makes far more of the tokens than they are ends by the budget.
func TestDecodersGrowWithinTheirBudget(t *testing.T) {
	long := strings.Repeat("b", 1<<16)
	for name, spec := range map[string]string{
		"a fixed text": `{"type":"Replace","pattern":{"String":"a"},"content":"` + long + `"}`,
		"a pattern":    `{"type":"Replace","pattern":{"Regex":"[a]"},"content":"` + long + `"}`,
	} {
		t.Run(name, func(t *testing.T) {
			text, err := decode(t, spec, []string{strings.Repeat("a", 1000)})
			if err == nil || text != "" {
				t.Errorf("%d bytes and the error %v, want nothing and an error", len(text), err)
			}
		})
	}
}

// Each step looks at a context that has ended.
func TestDecodersEndWithTheirContext(t *testing.T) {
	done := make(chan struct{})
	close(done)
	for name, spec := range map[string]string{
		"ByteLevel": `{"type":"ByteLevel"}`, "ByteFallback": `{"type":"ByteFallback"}`,
		"Metaspace": `{"type":"Metaspace","replacement":"▁"}`, "BPEDecoder": `{"type":"BPEDecoder","suffix":"</w>"}`,
		"WordPiece": `{"type":"WordPiece","prefix":"##","cleanup":true}`, "Strip": `{"type":"Strip","content":"a","start":1,"stop":1}`,
		"Replace": `{"type":"Replace","pattern":{"String":"a"},"content":"b"}`, "CTC": `{"type":"CTC","cleanup":true}`,
	} {
		t.Run(name, func(t *testing.T) {
			var may budget.Budget
			may.Begin(done, 1<<16)
			tokens := make([]string, 1<<16)
			for i := range tokens {
				tokens[i] = strings.Repeat("a", 1+i%2) // no two neighbours are one
			}
			if steps(t, spec)[0](&may, tokens); may.Err == nil {
				t.Error("it went on to its end")
			}
		})
	}
}

// Bytes are text in parts, of which none ends inside a character.
func TestLongBytesAreReadAsShortOnes(t *testing.T) {
	for name, part := range map[string]string{
		"characters": "aé中🙂", "parts of characters": "\xe4\xb8a\xf0\x9f\x99", "no characters": "\x80\xbf\xff", "a part at each place": "🙂\xf0\x9f",
	} {
		t.Run(name, func(t *testing.T) {
			for shift := range 5 {
				raw := strings.Repeat("x", shift) + strings.Repeat(part, 3*budget.LookAfter/len(part))
				var want strings.Builder
				for rest := []byte(raw); len(rest) > 0; {
					// A part as long as this is read as a whole.
					n := min(len(part)*1000, len(rest))
					if len(rest) == len(raw) {
						n = min(n+shift, len(rest))
					}
					var may budget.Budget
					may.Begin(nil, n)
					want.WriteString(decoder.Text(&may, rest[:n]))
					rest = rest[n:]
				}
				var may budget.Budget
				may.Begin(nil, len(raw))
				if got := decoder.Text(&may, []byte(raw)); got != want.String() || may.Err != nil {
					t.Fatalf("shifted by %d it gives other text, %v", shift, may.Err)
				}
			}
		})
	}
}
