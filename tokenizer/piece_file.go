package tokenizer

import (
	"errors"
	"fmt"
	"hash/maphash"
	"math"
	"unicode/utf8"

	"google.golang.org/protobuf/encoding/protowire"
)

// pieceKind is the type of a piece in a SentencePiece file.
type pieceKind uint8

const (
	pieceNormal  pieceKind = 1
	pieceUnknown pieceKind = 2
	pieceControl pieceKind = 3
	pieceUser    pieceKind = 4
	pieceUnused  pieceKind = 5
	pieceByte    pieceKind = 6
)

// isText reports whether a piece of this kind is found in text.
func (k pieceKind) isText() bool {
	return k == pieceNormal || k == pieceUser || k == pieceUnused
}

// The model types of SentencePiece.
const (
	piecesUnigram = 1
	piecesBPE     = 2
	piecesWord    = 3
	piecesChar    = 4
)

// pieceRules are how a SentencePiece file normalizes.
type pieceRules struct {
	charsMap             []byte
	dummy, extra, escape bool
}

// pieceFile is a SentencePiece file, the message ModelProto.
type pieceFile struct {
	text   []byte
	spans  []span
	scores []float32
	kinds  []pieceKind

	model        uint64
	suffix       bool // spaces go behind words
	byteFallback bool
	unkSurface   string
	bos, eos     string
	rules        pieceRules
	undo         pieceRules // of decoded text
}

// errPieces is the cause of loading a malformed SentencePiece file.
var errPieces = errors.New("malformed SentencePiece model")

// protoFields calls f with each field of a message: the value of a number, or
// the contents of a string or of a message inside it.
func protoFields(b []byte, f func(num protowire.Number, v uint64, data []byte) error) error {
	for len(b) > 0 {
		num, kind, n := protowire.ConsumeTag(b)
		if n < 0 {
			return errPieces
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
			return errPieces
		}
		if err := f(num, v, data); err != nil {
			return err
		}
		b = b[n:]
	}
	return nil
}

// readPieceFile reads a SentencePiece file.
func readPieceFile(data []byte) (*pieceFile, error) {
	rules := pieceRules{dummy: true, extra: true, escape: true}
	p := &pieceFile{
		model: piecesUnigram, unkSurface: " \u2047 ", bos: "<s>", eos: "</s>",
		rules: rules, undo: rules,
	}
	err := protoFields(data, func(num protowire.Number, _ uint64, data []byte) error {
		switch num {
		case 1:
			return p.addPiece(data)
		case 2:
			return p.readTrainer(data)
		case 3:
			return p.rules.read(data)
		case 5:
			return p.undo.read(data)
		}
		return nil
	})
	if err == nil && len(p.spans) == 0 {
		err = errPieces
	}
	return p, err
}

func (p *pieceFile) addPiece(data []byte) error {
	start := len(p.text)
	score, kind := float32(0), pieceNormal
	err := protoFields(data, func(num protowire.Number, v uint64, data []byte) error {
		switch num {
		case 1:
			p.text = append(p.text[:start], data...)
		case 2:
			score = math.Float32frombits(uint32(v))
		case 3:
			if v < uint64(pieceNormal) || v > uint64(pieceByte) {
				return &UnsupportedError{Component: "option", Name: fmt.Sprintf("piece type %d", v)}
			}
			kind = pieceKind(v)
		}
		return nil
	})
	id := len(p.spans)
	switch token := p.text[start:]; {
	case err != nil:
		return err
	case len(token) > maxToken:
		return errToken
	case len(token) == 0 || !utf8.Valid(token):
		return fmt.Errorf("%w: piece %d is %q", errPieces, id, clip(string(token)))
	case score != score:
		return fmt.Errorf("%w: the score of piece %d is not a number", errPieces, id)
	case id > maxID:
		return fmt.Errorf("%w: too many pieces", errPieces)
	}
	p.spans = append(p.spans, span{uint32(start), uint32(len(p.text))})
	p.scores = append(p.scores, score)
	p.kinds = append(p.kinds, kind)
	return nil
}

func (p *pieceFile) readTrainer(data []byte) error {
	return protoFields(data, func(num protowire.Number, v uint64, data []byte) error {
		switch num {
		case 3:
			p.model = v
		case 24:
			p.suffix = v != 0
		case 35:
			p.byteFallback = v != 0
		case 44:
			if p.unkSurface = string(data); len(data) > maxToken {
				return errToken
			}
		case 46:
			p.bos = string(data)
		case 47:
			p.eos = string(data)
		}
		return nil
	})
}

func (r *pieceRules) read(data []byte) error {
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

// readPieces returns the pieces of a file.
func (p *pieceFile) readPieces() (*pieces, error) {
	v := &vocab{
		text: string(p.text), spans: p.spans, slots: make([]uint32, slotCount(len(p.spans))),
		seed: maphash.MakeSeed(),
	}
	m := &pieces{vocab: v, kinds: p.kinds, scores: p.scores, unk: -1, user: map[int32]bool{}}
	for b := range m.bytes {
		m.bytes[b] = -1
	}
	// Pieces that are found in text come first: a reserved one of the same
	// spelling has the name.
	for _, reserved := range []bool{false, true} {
		for id, kind := range p.kinds {
			if kind.isText() == reserved {
				continue
			}
			token := v.token(uint32(id))
			if other, ok := v.lookup(token); ok {
				if !reserved || !p.kinds[other].isText() {
					return nil, fmt.Errorf("%w: piece %q twice", errPieces, clip(token))
				}
				if m.hidden == nil {
					m.hidden = map[string]int32{}
				}
				m.hidden[token] = other
			}
			v.insert(uint32(id), token)
			if err := m.note(int32(id), kind, token); err != nil {
				return nil, err
			}
		}
	}
	if m.unk < 0 {
		return nil, fmt.Errorf("%w: no unknown piece", errPieces)
	}
	if m.byteFallback = p.byteFallback; p.byteFallback {
		for b, id := range m.bytes {
			if id < 0 {
				return nil, fmt.Errorf("%w: no piece for the byte %d", errPieces, b)
			}
		}
	}
	m.findUser()
	return m, nil
}
