package sentencepiece_test

import (
	"encoding/base64"
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/gocoreml/coreml/tokenizer/internal/budget"
	"github.com/gocoreml/coreml/tokenizer/internal/model"
	"github.com/gocoreml/coreml/tokenizer/internal/sentencepiece"
)

// source is a file of SentencePiece to be written.
type source struct {
	// pieces are the pieces with spaces between them: the text, = and the score, and
	// behind an exclamation mark what kind of piece it is, if it is not normal.
	pieces string
	model  sentencepieceType
	// bytes adds the 256 pieces for bytes and turns falling back to them on.
	bytes   bool
	suffix  bool
	surface string // of unknown pieces, where it is not the usual one
	rules   rules
	undo    []byte // the table for decoded text
}

// sentencepieceType is TrainerSpec.ModelType.
type sentencepieceType uint64

const (
	unigram sentencepieceType = iota + 1
	bpe
	word
	char
)

// rules is a NormalizerSpec in which what is not said has its default, which is yes.
type rules struct {
	table                       []byte
	noDummy, noExtra, noEscapes bool
}

// kinds are the names of ModelProto.SentencePiece.Type.
var kinds = map[string]uint64{"": 1, "unknown": 2, "control": 3, "user": 4, "unused": 5, "byte": 6}

// data writes the file as a ModelProto.
func (s source) data(t *testing.T) []byte {
	t.Helper()
	var out []byte
	for piece := range strings.FieldsSeq(s.pieces) {
		at := strings.LastIndexByte(piece, '=')
		number, kind, _ := strings.Cut(piece[at+1:], "!")
		score, err := strconv.ParseFloat(number, 32)
		if err != nil || kinds[kind] == 0 {
			t.Fatalf("the piece %q is written wrongly", piece)
		}
		out = appendPiece(out, piece[:at], float32(score), kinds[kind])
	}
	if s.bytes {
		for b := range 256 {
			out = appendPiece(out, fmt.Sprintf("<0x%02X>", b), 0, kinds["byte"])
		}
	}
	trainer := appendNumber(nil, 3, uint64(max(s.model, unigram)))
	trainer = appendNumber(trainer, 24, flag(s.suffix))
	trainer = appendNumber(trainer, 35, flag(s.bytes))
	if s.surface != "" {
		trainer = appendText(trainer, 44, s.surface)
	}
	out = appendText(out, 2, string(trainer))
	normalizer := appendText(nil, 2, string(s.rules.table))
	normalizer = appendNumber(normalizer, 3, flag(!s.rules.noDummy))
	normalizer = appendNumber(normalizer, 4, flag(!s.rules.noExtra))
	normalizer = appendNumber(normalizer, 5, flag(!s.rules.noEscapes))
	out = appendText(out, 3, string(normalizer))
	if s.undo != nil {
		undo := appendText(nil, 2, string(s.undo))
		for _, num := range []protowire.Number{3, 4, 5} {
			undo = appendNumber(undo, num, 0)
		}
		out = appendText(out, 5, string(undo))
	}
	return out
}

func appendPiece(dst []byte, text string, score float32, kind uint64) []byte {
	piece := appendText(nil, 1, text)
	piece = protowire.AppendFixed32(protowire.AppendTag(piece, 2, protowire.Fixed32Type), math.Float32bits(score))
	return appendText(dst, 1, string(appendNumber(piece, 3, kind)))
}

func appendText(dst []byte, num protowire.Number, text string) []byte {
	return protowire.AppendString(protowire.AppendTag(dst, num, protowire.BytesType), text)
}

func appendNumber(dst []byte, num protowire.Number, v uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(dst, num, protowire.VarintType), v)
}

func flag(set bool) uint64 {
	if set {
		return 1
	}
	return 0
}

// table returns a precompiled map: what a and what ab become. It is the trie of
// darts-clone, in which a unit has the label in its low byte, bit 8 for a text that
// ends there and the way to its children from bit 10 on; a leaf has bit 31 and a place
// among the texts behind the trie.
func table(a, ab string) []byte {
	const root, atA, leafA, atB, leafB = 0, 'a' ^ 256, 'a' ^ 256 ^ 512, 'a' ^ 256 ^ 512 ^ 'b', 'a' ^ 256 ^ 512 ^ 'b' ^ 768
	units := make([]uint32, 1024)
	units[root] = 256 << 10
	units[atA] = 512<<10 | 1<<8 | 'a'
	units[leafA] = 1 << 31
	units[atB] = 768<<10 | 1<<8 | 'b'
	units[leafB] = 1<<31 | uint32(len(a)+1)
	data := binary.LittleEndian.AppendUint32(nil, uint32(4*len(units)))
	for _, unit := range units {
		data = binary.LittleEndian.AppendUint32(data, unit)
	}
	return append(data, a+"\x00"+ab+"\x00"...)
}

// loaded is a file that was read.
type loaded struct {
	file    *sentencepiece.File
	pieces  *sentencepiece.Pieces
	text    *sentencepiece.Text
	model   model.Model
	decoder *sentencepiece.Decoder
}

// load reads a file as package tokenizer does.
func load(data []byte) (*loaded, error) {
	l := &loaded{}
	var err error
	if l.file, err = sentencepiece.Read(data); err != nil {
		return nil, err
	}
	if l.pieces, err = l.file.ReadPieces(); err != nil {
		return nil, err
	}
	if l.model, err = l.file.NewModel(l.pieces); err != nil {
		return nil, err
	}
	if l.text, err = sentencepiece.NewText(l.file.Rules, l.pieces, l.file.Suffix); err != nil {
		return nil, err
	}
	l.decoder, err = sentencepiece.NewDecoder(l.file, l.pieces)
	return l, err
}

func (s source) load(t *testing.T) *loaded {
	t.Helper()
	l, err := load(s.data(t))
	if err != nil {
		t.Fatal(err)
	}
	return l
}

// rule is what SentencePiece 0.2.3 makes of a text: the pieces with spaces between
// them, or the text as it is rewritten before it is cut.
type rule struct{ name, text, want string }

// check tests how a file cuts texts. Ids alone, ids from the cache and pieces with
// their places must be the same.
//
// With COREML_TOKENIZER_RULES the rules are written to that directory, for
// testdata/gen/tokenizer/rules.py to ask SentencePiece about them.
func check(t *testing.T, s source, rules []rule) {
	t.Helper()
	l := s.load(t)
	var out []map[string]any
	for _, c := range rules {
		var may budget.Budget
		may.Begin(nil, len(c.text))
		may.Most = 1000
		e := l.model.Encoder(&may)
		prepared := l.text.Prepare(&may, c.text, true)
		ids := e.AppendPiece(nil, prepared)
		var texts []string
		var told []int
		end := int32(0)
		for _, token := range e.AppendTokens(nil, prepared) {
			texts, told = append(texts, token.Text), append(told, int(token.ID))
			if token.Start > end || token.End < end {
				t.Errorf("%s: %q is at %d to %d, behind %d", c.name, token.Text, token.Start, token.End, end)
			}
			end = token.End
		}
		out = append(out, map[string]any{"kind": "piece", "name": c.name, "proto": base64.StdEncoding.EncodeToString(s.data(t)), "text": c.text, "want": c.want, "ids": ids})
		t.Run(c.name, func(t *testing.T) {
			if got := strings.Join(texts, " "); got != c.want || may.Err != nil {
				t.Errorf("%q was cut into %q, %v, want %q", c.text, got, may.Err, c.want)
			}
			if !slices.Equal(ids, told) {
				t.Errorf("the ids are %v, those of the pieces %v", ids, told)
			}
			if again := e.AppendPiece(nil, prepared); !slices.Equal(again, ids) {
				t.Errorf("the second time the ids are %v, want %v", again, ids)
			}
			if end != int32(len(prepared)) {
				t.Errorf("the pieces end at %d of %d", end, len(prepared))
			}
		})
	}
	write(t, out)
}

// checkText tests how a file rewrites texts.
func checkText(t *testing.T, s source, rules []rule) {
	t.Helper()
	l := s.load(t)
	var out []map[string]any
	for _, c := range rules {
		t.Run(c.name, func(t *testing.T) {
			var may budget.Budget
			may.Begin(nil, len(c.text))
			if got := l.text.Prepare(&may, c.text, true); got != c.want || may.Err != nil {
				t.Errorf("%q became %q, %v, want %q", c.text, got, may.Err, c.want)
			}
		})
		out = append(out, map[string]any{"kind": "text", "name": c.name, "proto": base64.StdEncoding.EncodeToString(s.data(t)), "text": c.text, "want": c.want})
	}
	write(t, out)
}

// checkDecoder tests what a file makes of pieces, which have spaces between them.
// Control pieces come as they do where they are skipped, without a text.
func checkDecoder(t *testing.T, s source, rules []rule) {
	t.Helper()
	l := s.load(t)
	var out []map[string]any
	for _, c := range rules {
		var ids []int
		var tokens []string
		for piece := range strings.FieldsSeq(c.text) {
			id, ok := l.pieces.Vocab.Lookup(piece)
			if !ok {
				t.Fatalf("there is no piece %q", piece)
			}
			if ids = append(ids, int(id)); l.pieces.Kinds[id] == sentencepiece.Control {
				piece = ""
			}
			tokens = append(tokens, piece)
		}
		t.Run(c.name, func(t *testing.T) {
			var may budget.Budget
			may.Begin(nil, len(c.text))
			if got := strings.Join(l.decoder.Step(&may, tokens), ""); got != c.want || may.Err != nil {
				t.Errorf("%q became %q, %v, want %q", c.text, got, may.Err, c.want)
			}
		})
		out = append(out, map[string]any{"kind": "piece", "name": c.name, "proto": base64.StdEncoding.EncodeToString(s.data(t)), "ids": ids, "want": c.want})
	}
	write(t, out)
}

func write(t *testing.T, rules []map[string]any) {
	t.Helper()
	dir := os.Getenv("COREML_TOKENIZER_RULES")
	if dir == "" {
		return
	}
	text, err := json.Marshal(rules)
	if err != nil {
		t.Fatal(err)
	}
	f, err := os.CreateTemp(dir, strings.ReplaceAll(t.Name(), "/", "-")+"-*.json") // a test has several
	if err != nil {
		t.Fatal(err)
	}
	if _, err = f.Write(text); err == nil {
		err = f.Close()
	}
	if err != nil {
		t.Fatal(err)
	}
}
