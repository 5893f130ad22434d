package sugarme_test

import (
	"errors"
	"slices"
	"testing"

	sugar "github.com/sugarme/tokenizer"
	"github.com/sugarme/tokenizer/pretrained"

	"github.com/gocoreml/coreml/tokenizer/sugarme"
)

const path = "../testdata/storyteller/tokenizer.json"

func load(t *testing.T) *sugarme.Tokenizer {
	t.Helper()
	tk, err := sugarme.FromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return tk
}

func TestProgramsOfTheLibraryGetExactTokens(t *testing.T) {
	tk := load(t)
	for _, text := range []string{"Hello, world!", "  two  spaces", "naïve 👍 日本", "", "a\n\n b", "don't  12345"} {
		for _, special := range []bool{false, true} {
			want, err := tk.Exact().EncodeWithOffsets(text, special)
			if err != nil {
				t.Fatal(err)
			}
			en, err := tk.EncodeSingle(text, special)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(en.Ids, want.IDs) || !slices.Equal(en.Tokens, want.Tokens) {
				t.Errorf("%q: got %v %q, want %v %q", text, en.Ids, en.Tokens, want.IDs, want.Tokens)
			}
			for i, o := range en.Offsets {
				if o[0] != want.Offsets[i].Start || o[1] != want.Offsets[i].End {
					t.Errorf("%q: token %d is at %v, want %v", text, i, o, want.Offsets[i])
				}
			}
			if got := tk.Decode(en.Ids, true); got != text {
				t.Errorf("decoded %q, want %q", got, text)
			}
		}
	}
}

func TestTheLibraryAgreesWhereItIsRight(t *testing.T) {
	reference, err := pretrained.FromFile(path)
	if err != nil {
		t.Fatal(err)
	}
	tk := load(t)
	for _, text := range []string{"Once upon a time", "The cat sat on the mat.", "She said yes", "red blue green", "I am here now"} {
		want, err := reference.EncodeSingle(text, false)
		if err != nil {
			t.Fatal(err)
		}
		got, err := tk.EncodeSingle(text, false)
		if err != nil || !slices.Equal(got.Ids, want.Ids) {
			t.Errorf("%q: got %v (%v), the library says %v", text, got.Ids, err, want.Ids)
		}
	}
}

func TestPairsTruncationAndPaddingWork(t *testing.T) {
	tk := load(t)
	want, err := tk.Exact().EncodePair("one", "two three", true)
	if err != nil {
		t.Fatal(err)
	}
	en, err := tk.EncodePair("one", "two three", true)
	if err != nil || !slices.Equal(en.Ids, want.IDs) || !slices.Equal(en.TypeIds, want.TypeIDs) {
		t.Errorf("got %v, %v, want %v", en, err, want)
	}
	tk.WithTruncation(&sugar.TruncationParams{MaxLength: 4})
	if en, err = tk.EncodeSingle("a long text that is cut", true); err != nil || en.Len() != 4 {
		t.Errorf("cut to %v, %v", en, err)
	}
	list, err := tk.EncodeBatch([]sugar.EncodeInput{
		sugar.NewSingleEncodeInput(sugar.NewInputSequence("a")), sugar.NewSingleEncodeInput(sugar.NewInputSequence("b c")),
	}, false)
	if err != nil || len(list) != 2 {
		t.Errorf("got %v, %v", list, err)
	}
}

func TestTheVocabularyIsThere(t *testing.T) {
	tk := load(t)
	id, ok := tk.TokenToId("ll")
	if token, found := tk.IdToToken(id); !ok || !found || token != "ll" {
		t.Errorf("got %d, %v, %q, %v", id, ok, token, found)
	}
	if n := tk.GetVocabSize(true); n != len(tk.GetVocab(true)) || n < 900 {
		t.Errorf("%d tokens", n)
	}
	if got := tk.GetSpecialTokens(); len(got) == 0 || got[0] == "" {
		t.Errorf("special tokens %q", got)
	}
	if err := sugarme.NewModel(tk.Exact()).Save("x"); !errors.Is(err, sugarme.ErrSave) {
		t.Errorf("got %v", err)
	}
	if got := sugarme.NewDecoder(tk.Exact()).DecodeChain([]string{"Ġa", "b"}); !slices.Equal(got, []string{" ab"}) {
		t.Errorf("got %q", got)
	}
	if n := sugarme.NewPostProcessor(tk.Exact()).AddedTokens(false); n != 1 {
		t.Errorf("%d tokens are added", n)
	}
	if got := tk.DecodeBatch([][]int{{66}, {67}}, true); !slices.Equal(got, []string{"a", "b"}) {
		t.Errorf("got %q", got)
	}
}
