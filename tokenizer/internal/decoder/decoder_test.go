package decoder

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/pattern"
)

// Each case is what Hugging Face tokenizers writes for the tokens.
func TestDecoders(t *testing.T) {
	for _, c := range []struct {
		name, spec, tokens, want string // the tokens with bars between them
	}{
		{"ByteLevel reads bytes", `{"type":"ByteLevel"}`, "Ãł|Ġla|Ġcarte", "à la carte"},
		{"ByteLevel joins the bytes of a character", `{"type":"ByteLevel"}`, "Ã|©", "é"},
		{"ByteLevel writes a replacement for half a character", `{"type":"ByteLevel"}`, "a|Ã", "a\uFFFD"},
		{"ByteLevel leaves tokens of other letters alone", `{"type":"ByteLevel"}`, "日|Ġa", "日 a"},
		{"ByteFallback reads bytes in brackets", `{"type":"ByteFallback"}`, "a|<0xC3>|<0xA9>|b", "aéb"},
		{"ByteFallback writes a replacement for each byte that is no text", `{"type":"ByteFallback"}`, "<0xC3>|<0xC3>|a", "\uFFFD\uFFFDa"},
		{"Fuse changes no text", `{"type":"Fuse"}`, "a|b", "ab"},
		{"Metaspace reads marks as spaces but the first", `{"type":"Metaspace","replacement":"▁","prepend_scheme":"always"}`, "▁a|▁b|c", "a bc"},
		{"Metaspace keeps the first where none was put", `{"type":"Metaspace","replacement":"▁","prepend_scheme":"never"}`, "▁a|▁b", " a b"},
		{"BPEDecoder reads the end of words as spaces but the last", `{"type":"BPEDecoder","suffix":"</w>"}`, "he|llo</w>|you</w>", "hello you"},
		{"WordPiece joins what continues a word", `{"type":"WordPiece","prefix":"##","cleanup":false}`, "hel|##lo|you", "hello you"},
		{"WordPiece cleans up before punctuation", `{"type":"WordPiece","prefix":"##","cleanup":true}`, "do|n't|.", "don't."},
		{"Strip removes at the start of each token", `{"type":"Strip","content":"_","start":1,"stop":0}`, "__a|_b_", "_ab_"},
		{"Strip removes at the end of each token", `{"type":"Strip","content":"_","start":0,"stop":1}`, "a__|_b_", "a__b"},
		{"Replace takes a fixed text", `{"type":"Replace","pattern":{"String":"▁"},"content":" "}`, "▁a|▁b", " a b"},
		{"Replace takes a pattern", `{"type":"Replace","pattern":{"Regex":"\\d"},"content":"#"}`, "a1|2", "a##"},
		{"CTC removes repetitions and padding", `{"type":"CTC","pad_token":"<pad>","word_delimiter_token":"|","cleanup":true}`, "h|h|<pad>|h|i", "hhi"},
		{"Sequence goes from left to right", `{"type":"Sequence","decoders":[{"type":"Replace","pattern":{"String":"▁"},"content":" "},{"type":"ByteFallback"},{"type":"Fuse"},{"type":"Strip","content":" ","start":1,"stop":0}]}`, "▁a|<0x21>", "a!"},
	} {
		t.Run(c.name, func(t *testing.T) {
			var spec Spec
			if err := json.Unmarshal([]byte(c.spec), &spec); err != nil {
				t.Fatal(err)
			}
			steps, err := spec.Steps(nil, &pattern.Compiler{})
			if err != nil {
				t.Fatal(err)
			}
			tokens := strings.Split(c.tokens, "|")
			var may budget.Budget
			may.Begin(nil, len(c.tokens))
			got := slices.Clone(tokens)
			for _, step := range steps {
				got = step(&may, got)
			}
			if text := strings.Join(got, ""); text != c.want || may.Err != nil {
				t.Errorf("%q became %q (%v), want %q", tokens, text, may.Err, c.want)
			}
		})
	}
}

func TestADecoderThatIsNotKnownIsNamed(t *testing.T) {
	_, err := (&Spec{Type: "Aloud"}).Steps(nil, &pattern.Compiler{})
	if want := `tokenizer: unsupported decoder "Aloud"`; err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}
