package tokenizer_test

import (
	"compress/gzip"
	"encoding/json"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"unicode/utf8"

	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tokenizer"
)

// pieceFiles returns the recorded SentencePiece models by name, from
// testdata/pieces or where the variable says.
func pieceFiles(t testing.TB) map[string][]byte {
	t.Helper()
	dir := pieceDir()
	names, err := filepath.Glob(filepath.Join(dir, "*.model.gz"))
	if err != nil || len(names) < 15 {
		t.Fatalf("%d models in %s (%v)", len(names), dir, err)
	}
	files := map[string][]byte{}
	for _, name := range names {
		f, err := os.Open(name)
		if err != nil {
			t.Fatal(err)
		}
		z, err := gzip.NewReader(f)
		if err != nil {
			t.Fatal(err)
		}
		data, err := io.ReadAll(z)
		if err != nil {
			t.Fatal(err)
		}
		_ = f.Close()
		files[strings.TrimSuffix(filepath.Base(name), ".model.gz")] = data
	}
	return files
}

func pieceDir() string {
	if other := os.Getenv("COREML_TOKENIZER_PIECES"); other != "" {
		return other
	}
	return "testdata/pieces"
}

// loadPieces loads a SentencePiece model with the files beside it.
func loadPieces(t testing.TB, data []byte, beside map[string]string) (*tokenizer.Tokenizer, error) {
	t.Helper()
	files := fstest.MapFS{"tokenizer.model": {Data: data}}
	for name, text := range beside {
		files[name] = &fstest.MapFile{Data: []byte(text)}
	}
	return tokenizer.LoadFS(files, ".")
}

func TestSentencePieceModelsAnswerAsSentencePiece(t *testing.T) {
	for name, data := range pieceFiles(t) {
		t.Run(name, func(t *testing.T) {
			tok, err := loadPieces(t, data, nil)
			if err != nil {
				t.Fatal(err)
			}
			var checks tally
			testutil.EachLine(t, filepath.Join(pieceDir(), name+".jsonl.gz"), func(line []byte) {
				var c struct {
					T      *string
					IDs    []int
					Tokens []string
					Off    []int
					D      []int
					Dec    string
				}
				if err := json.Unmarshal(line, &c); err != nil {
					t.Fatal(err)
				}
				if c.T == nil {
					got := tok.Decode(c.D, true)
					checks.check(t, got == c.Dec, "decode %v: got %q, want %q", c.D, got, c.Dec)
					return
				}
				ids, err := tok.Encode(*c.T, false)
				checks.check(t, err == nil && slices.Equal(ids, c.IDs), "encode %q: got %v (%v), want %v %q", *c.T, ids, err, c.IDs, c.Tokens)
				e, err := tok.EncodeWithOffsets(*c.T, false)
				if err != nil {
					t.Fatal(err)
				}
				checks.check(t, slices.Equal(e.IDs, c.IDs), "trace %q: got %v, want %v", *c.T, e.IDs, c.IDs)
				checks.check(t, slices.Equal(e.Tokens, c.Tokens), "tokens of %q: got %q, want %q", *c.T, e.Tokens, c.Tokens)
				checks.check(t, slices.Equal(flat(e.Offsets), c.Off), "offsets of %q: got %v, want %v %q", *c.T, flat(e.Offsets), c.Off, c.Tokens)
				got := tok.Decode(c.IDs, true)
				checks.check(t, got == c.Dec, "decode %v: got %q, want %q", c.IDs, got, c.Dec)
			})
			if checks.pass != checks.total || checks.total < 200 {
				t.Errorf("%d of %d are right", checks.pass, checks.total)
			}
		})
	}
}

func TestControlPiecesAreTextUnlessAFileNamesThem(t *testing.T) {
	data := pieceFiles(t)["bpe-bytes"]
	bare, err := loadPieces(t, data, nil)
	if err != nil {
		t.Fatal(err)
	}
	bos, ok := bare.TokenToID("<s>")
	if !ok || !bare.IsSpecial(bos) {
		t.Fatalf("<s> is %d, special %v", bos, bare.IsSpecial(bos))
	}
	ids, err := bare.Encode("<s>a", false)
	if err != nil || slices.Contains(ids, bos) {
		t.Errorf("got %v (%v) without a file", ids, err)
	}
	if got := bare.Config().BOSToken; got != "<s>" {
		t.Errorf("the text begins with %q", got)
	}
	named, err := loadPieces(t, data, map[string]string{
		"tokenizer_config.json": `{"bos_token":"<s>","add_bos_token":true,"add_eos_token":true,"added_tokens_decoder":{"900":{"content":"<new>","special":true}}}`,
		"added_tokens.json":     `{"<more>":901}`,
	})
	if err != nil {
		t.Fatal(err)
	}
	ids, err = named.Encode("<s>a<new><more>", true)
	eos, _ := named.TokenToID("</s>")
	if err != nil || len(ids) < 6 || ids[0] != bos || ids[1] != bos || ids[len(ids)-1] != eos || !slices.Equal(ids[len(ids)-3:len(ids)-1], []int{900, 901}) {
		t.Errorf("got %v (%v) with files", ids, err)
	}
	if got := named.Decode(ids, true); got != "a<more>" {
		t.Errorf("decoded %q", got)
	}
}

func TestOnlyTheFirstPartGetsASpaceWithoutLegacy(t *testing.T) {
	data := pieceFiles(t)["bpe-bytes"]
	for legacy, want := range map[string]string{`true`: "▁", `false`: "a"} {
		tok, err := loadPieces(t, data, map[string]string{"tokenizer_config.json": `{"bos_token":"<s>","legacy":` + legacy + `}`})
		if err != nil {
			t.Fatal(err)
		}
		e, err := tok.EncodeWithOffsets("<s>a", false)
		if err != nil || len(e.Tokens) < 2 || !strings.HasPrefix(e.Tokens[1], want) {
			t.Errorf("legacy %s: %q (%v)", legacy, e.Tokens, err)
		}
		ids, err := tok.Encode("<s>a", false)
		if err != nil || !slices.Equal(ids, e.IDs) {
			t.Errorf("legacy %s: got %v (%v), want %v", legacy, ids, err, e.IDs)
		}
	}
}

func TestWhatIsNoSentencePieceModelIsAnError(t *testing.T) {
	for name, text := range map[string]string{
		"nothing at all":            "",
		"a message without pieces":  "\x12\x00",
		"a piece that is not UTF-8": "\x0a\x03\x0a\x01\xff",
		"no unknown piece":          "\x0a\x03\x0a\x01a",
		"a length beyond the end":   "\x0a\x70a",
	} {
		if _, err := loadPieces(t, []byte(text), nil); err == nil {
			t.Errorf("%s was loaded", name)
		}
	}
	data := pieceFiles(t)["unigram-bytes"]
	if _, err := loadPieces(t, data, map[string]string{"tokenizer_config.json": `{"tokenizer_class":"XLMRobertaTokenizer"}`}); err == nil {
		t.Error("ids that only tokenizer.json tells were given")
	}
}

func FuzzSentencePiece(f *testing.F) {
	for name, data := range pieceFiles(f) {
		if strings.HasSuffix(name, "-table") || strings.HasSuffix(name, "-bytes") || strings.HasSuffix(name, "-undo") {
			f.Add(data, "a  <sep>foo bar é\xff 日本")
		}
	}
	f.Add([]byte("\x0a\x0a\x0a\x05<unk>\x18\x02\x0a\x09\x0a\x02ab\x15\x00\x00\x80\xbf\x12\x02\x18\x02"), "abab")
	f.Fuzz(func(t *testing.T, data []byte, text string) {
		tok, err := loadPieces(t, data, nil)
		if err != nil {
			return
		}
		ids, err := tok.Encode(text, true)
		if err != nil {
			return
		}
		e, err := tok.EncodeWithOffsets(text, true)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(ids, e.IDs) {
			t.Errorf("Encode gives %v, EncodeWithOffsets %v", ids, e.IDs)
		}
		for i, o := range e.Offsets {
			if o.Start < 0 || o.Start > o.End || o.End > len(text) {
				t.Errorf("token %d of %q lies at %v", i, text, o)
			}
		}
		if got := tok.Decode(ids, false); !utf8.ValidString(got) {
			t.Errorf("decoded %q", got)
		}
	})
}
