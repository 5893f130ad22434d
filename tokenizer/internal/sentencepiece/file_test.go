package sentencepiece_test

import (
	"errors"
	"math"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gocoreml/coreml/tokenizer/internal/sentencepiece"
)

func TestFilesThatCannotBeAreRefused(t *testing.T) {
	unknown := appendPiece(nil, "<unk>", 0, 2)
	for name, c := range map[string]struct {
		data      []byte
		malformed bool // or else another error
		want      string
	}{
		"nothing":                             {nil, true, "malformed SentencePiece model"},
		"no protobuf":                         {[]byte("{}"), true, "malformed"},
		"an end in the middle":                {unknown[:len(unknown)-1], true, "malformed"},
		"no unknown piece":                    {appendPiece(nil, "a", 0, 1), true, "no unknown piece"},
		"two unknown pieces":                  {appendPiece(unknown, "<u>", 0, 2), true, "two unknown pieces"},
		"a piece twice":                       {appendPiece(appendPiece(unknown, "a", 0, 1), "a", 0, 1), true, `piece "a" twice`},
		"a control piece twice":               {appendPiece(appendPiece(unknown, "a", 0, 3), "a", 0, 3), true, `piece "a" twice`},
		"a piece without a text":              {appendPiece(unknown, "", 0, 1), true, `piece 1 is ""`},
		"a piece that is no text":             {appendPiece(unknown, "\xff", 0, 1), true, "piece 1 is"},
		"a score that is no number":           {appendPiece(unknown, "a", float32(math.NaN()), 1), true, "the score of piece 1 is not a number"},
		"a kind that nobody knows":            {appendPiece(unknown, "a", 0, 7), false, "piece type 7"},
		"a byte by another name":              {appendPiece(unknown, "<0x4a>", 0, 6), true, `the byte piece "<0x4a>"`},
		"a long piece":                        {appendPiece(unknown, strings.Repeat("a", 1<<14+1), 0, 1), false, "a token of more than 16384 bytes"},
		"a model that nobody knows":           {appendText(unknown, 2, string(appendNumber(nil, 3, 5))), true, "malformed"},
		"bytes that are missing":              {appendText(unknown, 2, string(appendNumber(nil, 35, 1))), true, "no piece for the byte 0"},
		"a long text for what is unknown":     {appendText(unknown, 2, string(appendText(nil, 44, strings.Repeat("a", 1<<14+1)))), false, "a token of more than 16384 bytes"},
		"a text for it that is none":          {appendText(unknown, 2, string(appendText(nil, 44, "\xff"))), true, "malformed"},
		"a map of four bytes":                 {appendText(unknown, 3, string(appendText(nil, 2, "\x00\x00\x00\x00"))), false, "charsmap"},
		"a map with a trie beyond its end":    {appendText(unknown, 3, string(appendText(nil, 2, "\xff\x00\x00\x00abc"))), false, "charsmap"},
		"a map for decoded text that is none": {appendText(unknown, 5, string(appendText(nil, 2, "abc"))), false, "charsmap"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := load(c.data)
			if err == nil || !strings.Contains(err.Error(), c.want) {
				t.Fatalf("got %v, want an error with %q", err, c.want)
			}
			if got := errors.Is(err, sentencepiece.ErrMalformed); got != c.malformed {
				t.Errorf("it counts as a malformed file: %v, want %v", got, c.malformed)
			}
		})
	}
}

// In a message of protobuf the last of several fields counts, and fields that nobody
// knows are passed over.
func TestTheLastFieldCounts(t *testing.T) {
	piece := appendText(appendText(nil, 1, "first"), 1, "last")
	piece = protowire.AppendFixed64(protowire.AppendTag(piece, 99, protowire.Fixed64Type), 1)
	data := appendText(appendPiece(nil, "<unk>", 0, 2), 1, string(piece))
	l, err := load(data)
	if err != nil {
		t.Fatal(err)
	}
	if _, ok := l.pieces.Vocab.Lookup("first"); ok {
		t.Error("the first text counts")
	}
	if id, ok := l.pieces.Find("last"); !ok || id != 1 || l.pieces.Kinds[1] != sentencepiece.Normal {
		t.Errorf("the piece is %d, %v, of the kind %d", id, ok, l.pieces.Kinds[1])
	}
}

func TestWhatAFileSaysOfItsModel(t *testing.T) {
	trainer := appendText(appendText(appendNumber(appendNumber(nil, 3, 2), 24, 1), 46, "<bos>"), 47, "<eos>")
	f, err := sentencepiece.Read(appendText(appendPiece(nil, "<unk>", 0, 2), 2, string(trainer)))
	if err != nil {
		t.Fatal(err)
	}
	if f.Model != sentencepiece.ModelBPE || !f.Suffix || f.Bos != "<bos>" || f.Eos != "<eos>" {
		t.Errorf("it is %d, with marks behind words %v, from %q to %q", f.Model, f.Suffix, f.Bos, f.Eos)
	}
	f, err = sentencepiece.Read(appendPiece(nil, "<unk>", 0, 2))
	if err != nil || f.Model != sentencepiece.ModelUnigram || f.Suffix || f.Bos != "<s>" || f.Eos != "</s>" {
		t.Errorf("by default it is %d, with marks behind words %v, from %q to %q, %v", f.Model, f.Suffix, f.Bos, f.Eos, err)
	}
}

// A piece of text may have the spelling of a reserved one, which has the name.
func TestAReservedPieceHasTheName(t *testing.T) {
	data := appendPiece(appendPiece(appendPiece(nil, "<unk>", 0, 2), "a", -1, 1), "a", 0, 3)
	l, err := load(data)
	if err != nil {
		t.Fatal(err)
	}
	if id, ok := l.pieces.Vocab.Lookup("a"); !ok || id != 2 {
		t.Errorf("the name is that of %d, %v, want 2", id, ok)
	}
	if id, ok := l.pieces.Find("a"); !ok || id != 1 {
		t.Errorf("the piece of text is %d, %v, want 1", id, ok)
	}
	if id, ok := l.pieces.Find("<unk>"); ok {
		t.Errorf("a reserved piece is found in text, as %d", id)
	}
}
