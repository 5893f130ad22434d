package sentencepiece

import (
	"errors"
	"fmt"
	"math"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer/internal/fault"
	"github.com/gocoreml/coreml/tokenizer/internal/vocab"
	"google.golang.org/protobuf/encoding/protowire"
)

// Kind is the type of a piece in a SentencePiece file. It says where the piece can come
// from, and is most of what the models differ in from those of tokenizer.json.
type Kind uint8

// The kinds, as ModelProto.SentencePiece.Type numbers them.
const (
	Normal      Kind = 1 // text
	Unknown     Kind = 2 // what no piece covers
	Control     Kind = 3 // found in no text: the beginning, the end, padding
	UserDefined Kind = 4 // text that is always one piece
	Unused      Kind = 5 // made on the way to others, and never left
	Byte        Kind = 6 // <0xNN>, for text that no piece covers
)

// isText reports whether a piece of this kind is found in text.
func (k Kind) isText() bool {
	return k == Normal || k == UserDefined || k == Unused
}

// The model types of SentencePiece.
const (
	ModelUnigram = 1
	ModelBPE     = 2
	modelWord    = 3
	modelChar    = 4
)

// Rules are how a SentencePiece file normalizes, the message NormalizerSpec.
type Rules struct {
	charsMap []byte // the table of replacements
	dummy    bool   // a space is put before a text
	extra    bool   // spaces at the ends are removed, and several become one
	escape   bool   // spaces become marks
}

// File is a SentencePiece file, the message ModelProto of sentencepiece_model.proto.
// The numbers of fields in this file are those of that definition.
type File struct {
	text   []byte
	spans  []vocab.Span
	scores []float32
	kinds  []Kind

	Model        uint64
	Suffix       bool // spaces go behind words
	byteFallback bool
	unkSurface   string
	Bos, Eos     string
	Rules        Rules
	undo         Rules // of decoded text
}

// ErrMalformed is the cause of loading a malformed SentencePiece file.
var ErrMalformed = errors.New("malformed SentencePiece model")

// protoFields calls f with each field of a message: the value of a number, or
// the contents of a string or of a message inside it. A field of another type than
// its number has counts as 0 or nothing, which the readers of fields check for.
func protoFields(b []byte, f func(num protowire.Number, v uint64, data []byte) error) error {
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return ErrMalformed
		}
		b = b[n:]
		var v uint64
		var data []byte
		switch kind {
		case protowire.VarintType:
			v, n = protowire.ConsumeVarint(b)
		case protowire.Fixed32Type:
			var w uint32
			w, n = protowire.ConsumeFixed32(b)
			v = uint64(w)
		case protowire.BytesType:
			data, n = protowire.ConsumeBytes(b)
		default:
			n = protowire.ConsumeFieldValue(num, kind, b)
		}
		if n < 0 {
			return ErrMalformed
		}
		if err := f(num, v, data); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// Read reads a SentencePiece file. What a file leaves out has the default of the
// definition.
func Read(data []byte) (*File, error) {
	rules := Rules{dummy: true, extra: true, escape: true}
	p := &File{
		Model: ModelUnigram, unkSurface: " \u2047 ", Bos: "<s>", Eos: "</s>",
		Rules: rules, undo: rules,
	}
	err := protoFields(data, func(num protowire.Number, _ uint64, data []byte) error {
		switch num {
		case 1:
			return p.addPiece(data)
		case 2:
			return p.readTrainer(data)
		case 3:
			return p.Rules.read(data)
		case 5:
			return p.undo.read(data)
		}
		return nil
	})
	if err == nil && len(p.spans) == 0 {
		err = ErrMalformed
	}
	return p, err
}

// addPiece reads one piece: its text, its score, and its kind. In a message of
// protobuf the last of several fields counts.
func (p *File) addPiece(data []byte) error {
	start := len(p.text)
	score, kind := float32(0), Normal
	err := protoFields(data, func(num protowire.Number, v uint64, data []byte) error {
		switch num {
		case 1:
			p.text = append(p.text[:start], data...)
		case 2:
			score = math.Float32frombits(uint32(v))
		case 3:
			if v < uint64(Normal) || v > uint64(Byte) {
				return &fault.Unsupported{Component: "option", Name: fmt.Sprintf("piece type %d", v)}
			}
			kind = Kind(v)
		}
		return nil
	})
	id := len(p.spans)
	switch token := p.text[start:]; {
	case err != nil:
		return err
	case len(token) > vocab.MaxToken:
		return vocab.ErrToken
	case len(token) == 0 || !utf8.Valid(token):
		return fmt.Errorf("%w: piece %d is %q", ErrMalformed, id, fault.Clip(string(token)))
	case score != score:
		return fmt.Errorf("%w: the score of piece %d is not a number", ErrMalformed, id)
	case id > vocab.MaxID:
		return fmt.Errorf("%w: too many pieces", ErrMalformed)
	}
	p.spans = append(p.spans, vocab.Span{Start: uint32(start), End: uint32(len(p.text))})
	p.scores = append(p.scores, score)
	p.kinds = append(p.kinds, kind)
	return nil
}

// readTrainer reads what encoding needs of how the model was trained. The numbers
// are those of the fields of TrainerSpec; most of that message matters to training
// alone.
func (p *File) readTrainer(data []byte) error {
	return protoFields(data, func(num protowire.Number, v uint64, data []byte) error {
		switch num {
		case 3:
			p.Model = v
		case 24:
			p.Suffix = v != 0
		case 35:
			p.byteFallback = v != 0
		case 44:
			if p.unkSurface = string(data); len(data) > vocab.MaxToken {
				return vocab.ErrToken
			}
		case 46:
			p.Bos = string(data)
		case 47:
			p.Eos = string(data)
		}
		return nil
	})
}

// read reads a NormalizerSpec, by the numbers of its fields.
func (r *Rules) read(data []byte) error {
	return protoFields(data, func(num protowire.Number, v uint64, data []byte) error {
		switch num {
		case 2:
			r.charsMap = data
		case 3:
			r.dummy = v != 0
		case 4:
			r.extra = v != 0
		case 5:
			r.escape = v != 0
		}
		return nil
	})
}
