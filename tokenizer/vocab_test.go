package tokenizer_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/gocoreml/coreml/internal/testutil"
	"github.com/gocoreml/coreml/tokenizer"
)

// vocabRecord is what a reference has said of a text: testdata/gen/tokenizer/vocabs.py.
type vocabRecord struct {
	T       string
	IDs, SP []int
	Dec     json.RawMessage // true is the text itself
	All     json.RawMessage

	// Of the first line alone.
	Files   map[string]string
	Size    int
	Special []int
	Named   map[string]string
}

// vocabRecords reads the records beside a folder.
func vocabRecords(t *testing.T, file string) (list []vocabRecord) {
	t.Helper()
	testutil.EachLine(t, file, func(line []byte) {
		var r vocabRecord
		if err := json.Unmarshal(line, &r); err != nil {
			t.Fatal(err)
		}
		list = append(list, r)
	})
	if len(list) == 0 {
		t.Fatal("no records")
	}
	return list
}

// checkVocab compares a tokenizer with what its reference has said.
func checkVocab(t *testing.T, tok *tokenizer.Tokenizer, records []vocabRecord) {
	t.Helper()
	checkMeta(t, tok, records[0])
	records = records[1:]
	wrong := 0
	fail := func(format string, args ...any) {
		if wrong++; wrong <= 5 {
			t.Errorf(format, args...)
		}
	}
	for _, r := range records {
		if r.SP == nil {
			r.SP = r.IDs
		}
		for _, c := range []struct {
			special bool
			ids     []int
			text    json.RawMessage
		}{{false, r.IDs, r.Dec}, {true, r.SP, r.All}} {
			got, err := tok.Encode(r.T, c.special)
			if err != nil || !slices.Equal(got, c.ids) {
				fail("%q, special %v: got %v (%v), want %v", r.T, c.special, got, err, c.ids)
			}
			if e, err := tok.EncodeWithOffsets(r.T, c.special); err != nil || !slices.Equal(e.IDs, c.ids) {
				fail("%q, special %v, with places: got %v (%v), want %v", r.T, c.special, e, err, c.ids)
			}
			want := r.T
			if string(c.text) != "true" && json.Unmarshal(c.text, &want) != nil {
				t.Fatalf("a text is %s", c.text)
			}
			if text := tok.Decode(c.ids, !c.special); text != want {
				fail("%v decodes to %q, want %q", c.ids, text, want)
			}
		}
	}
	if wrong > 5 {
		t.Errorf("and %d more of %d texts", wrong-5, len(records))
	}
}

// checkMeta compares the size and the special tokens.
func checkMeta(t *testing.T, tok *tokenizer.Tokenizer, meta vocabRecord) {
	t.Helper()
	if got := tok.VocabSize(); got != meta.Size {
		t.Errorf("%d ids, want %d", got, meta.Size)
	}
	for _, id := range meta.Special {
		if !tok.IsSpecial(id) {
			t.Errorf("%d is not special", id)
		}
	}
	c := tok.Config()
	for name, got := range map[string]string{
		"bos_token": c.BOSToken, "eos_token": c.EOSToken, "unk_token": c.UnkToken, "sep_token": c.SepToken,
		"pad_token": c.PadToken, "cls_token": c.CLSToken, "mask_token": c.MaskToken,
	} {
		if got != meta.Named[name] && len(meta.Named) > 0 {
			t.Errorf("%s is %q, want %q", name, got, meta.Named[name])
		}
		if _, ok := tok.TokenToID(got); got != "" && !ok {
			t.Errorf("%s %q has no id", name, got)
		}
	}
}

// COREML_TOKENIZER_VOCABS names a folder of more records.
func TestVocabulariesWithoutTokenizerJSONAreExact(t *testing.T) {
	for _, dir := range []string{"testdata/vocabs", os.Getenv("COREML_TOKENIZER_VOCABS")} {
		if dir == "" {
			continue
		}
		files, err := filepath.Glob(filepath.Join(dir, "*.jsonl.gz"))
		if err != nil || len(files) == 0 {
			t.Fatalf("no records in %s (%v)", dir, err)
		}
		for _, file := range files {
			t.Run(strings.TrimSuffix(filepath.Base(file), ".jsonl.gz"), func(t *testing.T) {
				records := vocabRecords(t, file)
				tok, err := tokenizer.LoadFS(folderOf(records[0].Files), "m")
				if err != nil {
					t.Fatal(err)
				}
				checkVocab(t, tok, records)
			})
		}
	}
}

// folderOf makes a folder m of files.
func folderOf(files map[string]string) fstest.MapFS {
	folder := fstest.MapFS{}
	for name, text := range files {
		folder["m/"+name] = &fstest.MapFile{Data: []byte(text)}
	}
	return folder
}
