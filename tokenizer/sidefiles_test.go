package tokenizer_test

import (
	"cmp"
	"encoding/json"
	"errors"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tokenizer"
)

// sideCase is a folder and what transformers 5.24 makes of it, recorded by
// testdata/gen/tokenizer/sidefiles.py.
type sideCase struct {
	Name  string
	Base  string
	Patch map[string]json.RawMessage
	Files map[string]json.RawMessage
	Want  struct {
		Error          string
		Class          string
		Len            int
		Added          map[string]int
		Special        []int `json:"special_ids"`
		Names          map[string]string
		Extra          []string
		PaddingSide    string `json:"padding_side"`
		TruncationSide string `json:"truncation_side"`
		MaxLength      int    `json:"max_length"`
		Skipped        []int
		Encode         [][3]json.RawMessage
		Decode         [][3]json.RawMessage
	}
}

// folder returns the files of a case.
func (c *sideCase) folder(t testing.TB, bases map[string]map[string]json.RawMessage) fstest.MapFS {
	t.Helper()
	sections := maps.Clone(bases[c.Base])
	maps.Copy(sections, c.Patch)
	whole, err := json.Marshal(sections)
	if err != nil {
		t.Fatal(err)
	}
	files := fstest.MapFS{"tokenizer.json": {Data: whole}}
	for name, text := range c.Files {
		files[name] = &fstest.MapFile{Data: text}
	}
	return files
}

// sideFolder returns the folder of the recorded cases, or of fresh ones.
func sideFolder() string {
	return cmp.Or(os.Getenv("COREML_SIDEFILES"), "testdata/sidefiles")
}

// sideCases calls f with the recorded cases.
func sideCases(t testing.TB, f func(c *sideCase, files fstest.MapFS)) {
	t.Helper()
	dir := sideFolder()
	data, err := os.ReadFile(dir + "/bases.json")
	if err != nil {
		t.Fatal(err)
	}
	var bases map[string]map[string]json.RawMessage
	if err := json.Unmarshal(data, &bases); err != nil {
		t.Fatal(err)
	}
	testutil.EachLine(t, dir+"/cases.jsonl.gz", func(line []byte) {
		c := &sideCase{}
		if err := json.Unmarshal(line, c); err != nil {
			t.Fatal(err)
		}
		f(c, c.folder(t, bases))
	})
}

func TestSideFilesMakeTheTokenizerThatTransformersMakes(t *testing.T) {
	n := 0
	sideCases(t, func(c *sideCase, files fstest.MapFS) {
		n++
		t.Run(c.Name, func(t *testing.T) {
			tok, err := tokenizer.LoadFS(files, ".")
			if c.Want.Error != "" {
				var format *tokenizer.FormatError
				if !errors.As(err, &format) {
					t.Errorf("got error %v, the reference has %s", err, c.Want.Error)
				}
				return
			}
			if err != nil {
				t.Fatalf("%v\n%s", err, c.Files)
			}
			c.check(t, tok)
			if t.Failed() {
				t.Logf("%s %s %s", c.Base, c.Patch, c.Files)
			}
		})
	})
	if n < 150 {
		t.Errorf("%d cases", n)
	}
}

// Each folder is there twice: as AutoTokenizer loads it, and as PreTrainedTokenizerFast
// does, which takes tokenizer.json as it is.
func TestModelFoldersLoadAsTransformersLoadsThem(t *testing.T) {
	testutil.EachLine(t, sideFolder()+"/models.jsonl.gz", func(line []byte) {
		c := &sideCase{}
		if err := json.Unmarshal(line, c); err != nil {
			t.Fatal(err)
		}
		t.Run(c.Name, func(t *testing.T) {
			if c.Name == "models/nmt" {
				// AutoTokenizer finds MarianTokenizer, which wants SentencePiece files.
				if c.Want.Error == "" {
					t.Error("the reference can load it now")
				}
				return
			}
			name, keeps := strings.CutSuffix(c.Name, " kept")
			dir := folderNamed(t, name)
			tooLarge(t, filepath.Join(dir, "tokenizer.json"))
			tok, err := (&tokenizer.Loader{KeepComponents: keeps}).Load(dir)
			if err != nil {
				t.Fatal(err)
			}
			c.check(t, tok)
		})
	})
}

// folderNamed returns a folder of published tokenizers, or of the fixtures.
func folderNamed(t *testing.T, name string) string {
	t.Helper()
	if fixture, ok := strings.CutPrefix(name, "fixtures/"); ok {
		return reference(t, "..", "fixtures", fixture)
	}
	return reference(t, strings.Split(name, "/")...)
}

func (c *sideCase) check(t *testing.T, tok *tokenizer.Tokenizer) {
	t.Helper()
	w := &c.Want
	config := tok.Config()
	names := map[string]string{
		"bos_token": config.BOSToken, "eos_token": config.EOSToken, "unk_token": config.UnkToken, "sep_token": config.SepToken,
		"pad_token": config.PadToken, "cls_token": config.CLSToken, "mask_token": config.MaskToken,
	}
	maps.DeleteFunc(names, func(_, text string) bool { return text == "" })
	maps.Copy(names, config.ExtraSpecialTokens)
	if diff := gocmp.Diff(w.Names, names); diff != "" {
		t.Errorf("names: %s", diff)
	}
	if !slices.Equal(w.Extra, config.AdditionalSpecialTokens) {
		t.Errorf("further special tokens are %q, want %q", config.AdditionalSpecialTokens, w.Extra)
	}
	padding, truncation := orRight(config.PaddingSide), orRight(config.TruncationSide)
	if padding != w.PaddingSide || truncation != w.TruncationSide || config.ModelMaxLength != w.MaxLength {
		t.Errorf("got sides %q and %q and a length of %d, want %q, %q and %d", padding, truncation, config.ModelMaxLength, w.PaddingSide, w.TruncationSide, w.MaxLength)
	}
	if tok.VocabSize() != w.Len {
		t.Errorf("got %d tokens, want %d", tok.VocabSize(), w.Len)
	}
	for token, want := range w.Added {
		if id, ok := tok.TokenToID(token); !ok || id != want {
			t.Errorf("the id of %q is %d, %v, want %d", token, id, ok, want)
		}
		if special := tok.IsSpecial(want); special != slices.Contains(w.Skipped, want) {
			t.Errorf("%q is special: %v", token, special)
		}
	}
	for _, e := range w.Encode {
		var text string
		for i, special := range []bool{false, true} {
			var want []int
			read(t, e[0], &text)
			read(t, e[1+i], &want)
			if got, err := tok.Encode(text, special); err != nil || !slices.Equal(got, want) {
				t.Errorf("%q, %v: got %v (%v), want %v", text, special, got, err, want)
			}
		}
	}
	for _, d := range w.Decode {
		var ids []int
		read(t, d[0], &ids)
		for i, skip := range []bool{false, true} {
			var want string
			read(t, d[1+i], &want)
			if got := tok.Decode(ids, skip); got != want {
				t.Errorf("%v, %v: got %q, want %q", ids, skip, got, want)
			}
		}
	}
}

func read(t *testing.T, raw json.RawMessage, v any) {
	t.Helper()
	if err := json.Unmarshal(raw, v); err != nil {
		t.Fatal(err)
	}
}

// orRight is where texts are filled up and cut if nothing says it.
func orRight(side string) string {
	return cmp.Or(side, "right")
}

func TestChatTemplatesMayBeAnObjectOfNamedTexts(t *testing.T) {
	files := fstest.MapFS{"tokenizer.json": {Data: []byte(`{"model": {"type": "WordLevel", "vocab": {"a": 0}, "unk_token": "a"}}`)}}
	files["tokenizer_config.json"] = &fstest.MapFile{Data: []byte(`{"chat_template": {"default": "d", "rag": "r{{ documents }}"}}`)}
	tok, err := tokenizer.LoadFS(files, ".")
	if err != nil {
		t.Fatal(err)
	}
	if c := tok.Config(); c.ChatTemplate != "d" || len(c.ChatTemplates) != 2 || c.ChatTemplates["rag"] != "r{{ documents }}" {
		t.Errorf("got %q and %q", c.ChatTemplate, c.ChatTemplates)
	}
	files["tokenizer_config.json"] = &fstest.MapFile{Data: []byte(`{"chat_template": {"default": 1}}`)}
	if _, err := tokenizer.LoadFS(files, "."); err == nil || !strings.Contains(err.Error(), "texts with names") {
		t.Errorf("a template that is a number: %v", err)
	}
}
