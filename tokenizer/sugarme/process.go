package sugarme

import (
	sugar "github.com/sugarme/tokenizer"

	"github.com/gocoreml/coreml/tokenizer"
)

// PostProcessor puts special tokens around texts and pairs.
type PostProcessor struct{ t *tokenizer.Tokenizer }

var _ sugar.PostProcessor = PostProcessor{}

// NewPostProcessor returns the post-processor of a tokenizer.
func NewPostProcessor(t *tokenizer.Tokenizer) PostProcessor { return PostProcessor{t} }

// AddedTokens returns how many tokens are added to a text, or to a pair.
func (p PostProcessor) AddedTokens(isPair bool) int { return p.t.SpecialCount(isPair) }

// Process joins a text, or a pair, with its special tokens.
func (p PostProcessor) Process(encoding, pairEncoding *sugar.Encoding, addSpecialTokens bool) *sugar.Encoding {
	if encoding == nil {
		return nil
	}
	return toSugar(p.t.PostProcess(fromSugar(encoding), fromSugar(pairEncoding), addSpecialTokens))
}

// fromSugar copies an encoding of the library. Lists that are shorter than
// they should be are filled up.
func fromSugar(s *sugar.Encoding) *tokenizer.Encoding {
	if s == nil {
		return nil
	}
	e := &tokenizer.Encoding{}
	for i, id := range s.Ids {
		e.IDs = append(e.IDs, id)
		e.Tokens = append(e.Tokens, at(s.Tokens, i, ""))
		e.TypeIDs = append(e.TypeIDs, at(s.TypeIds, i, 0))
		e.Words = append(e.Words, at(s.Words, i, -1))
		e.SpecialMask = append(e.SpecialMask, at(s.SpecialTokenMask, i, 0))
		e.AttentionMask = append(e.AttentionMask, at(s.AttentionMask, i, 1))
		var o tokenizer.Offsets
		if pair := at(s.Offsets, i, nil); len(pair) == 2 {
			o = tokenizer.Offsets{Start: pair[0], End: pair[1]}
		}
		e.Offsets = append(e.Offsets, o)
	}
	for i := range s.Overflowing {
		e.Overflowing = append(e.Overflowing, fromSugar(&s.Overflowing[i]))
	}
	return e
}

// at returns an element of a list, or what stands for it where there is none.
func at[T any](list []T, i int, none T) T {
	if i < len(list) {
		return list[i]
	}
	return none
}

// toSugar copies an encoding for the library.
func toSugar(e *tokenizer.Encoding) *sugar.Encoding {
	offsets := make([][]int, len(e.Offsets))
	for i, o := range e.Offsets {
		offsets[i] = []int{o.Start, o.End}
	}
	var overflowing []sugar.Encoding
	for _, o := range e.Overflowing {
		overflowing = append(overflowing, *toSugar(o))
	}
	return sugar.NewEncoding(e.IDs, e.TypeIDs, e.Tokens, offsets, e.SpecialMask, e.AttentionMask, overflowing,
		sugar.WithWordsEncodingOpt(e.Words))
}
