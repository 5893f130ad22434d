package generate

import (
	"context"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/gocoreml/coreml/tokenizer"
)

// Where a grammar leaves one continuation alone, as behind the first letter of a name that
// an object has to have, there is nothing to choose: these tokens are given at once and go
// through the model together with the last one that was chosen.

const (
	// maxForced is the most bytes that are looked ahead.
	maxForced = 256
	// jumpTail is how many tokens before a jump are encoded again with it.
	jumpTail = 24
	// jumpTrials is how many characters are tried behind a jump.
	jumpTrials = 12
)

// jump gives out the tokens behind a step that the grammar forces, and adds them to those
// that are to be appended. It reports false where the answer ends.
func (r *generation) jump(ctx context.Context, seq *Sequence, prompt, id int, emit func(Token) bool) (bool, error) {
	s := r.sampler.bound
	if !s.binds() || r.logProbs != nil || r.guide != nil { // they need each token's logits
		return true, nil
	}
	text := s.matcher.Forced(maxForced)
	if text == "" {
		return true, nil
	}
	s.recent = append(s.recent[:0], seq.ids[prompt:]...)
	s.recent = append(s.recent, id)
	forced, err := s.spell(ctx, r.g.tok, text)
	if err != nil {
		return false, err
	}
	all := append(slices.Clone(seq.ids), id)
	for _, id := range forced {
		// The tokens of the tokenizer may be more than those that end the answer in time.
		if s.leave(r.room(len(all))); r.room(len(all)) <= 0 || r.slides(len(all)) || !s.inTime(id) {
			break
		}
		tok, err := r.take(ctx, all, prompt, id)
		if err != nil {
			return false, err
		}
		r.next = append(r.next, id)
		r.stats.Forced++
		if tok.Stats != nil {
			tok.Stats.Forced = r.stats.Forced
		}
		if !emit(tok) {
			return false, nil
		}
		if tok.Finish != FinishNone {
			return false, s.incomplete(tok)
		}
		all = append(all, id)
	}
	return true, nil
}

// goAhead appends the token of a step, with those that the grammar forces behind it, and
// returns the logits that follow. There are none where the answer has ended.
func (r *generation) goAhead(ctx context.Context, seq *Sequence, id int, emit func(Token) bool) ([]float32, error) {
	goesOn, err := r.jump(ctx, seq, r.prompt, id, emit)
	if !goesOn || err != nil {
		return nil, err
	}
	if len(r.next) == 1 {
		return r.decode(ctx, seq, id)
	}
	return seq.append(ctx, r.next, nil)
}

// spell returns tokens that the forced text begins with, as the tokenizer would encode
// them behind the answer so far whatever comes behind the text. Where that is not
// certain there are none: a model reads best what it has learned from.
func (s *structured) spell(ctx context.Context, tok *tokenizer.Tokenizer, text string) ([]int, error) {
	from := max(0, len(s.recent)-jumpTail)
	tail := s.recent[from:]
	var before strings.Builder
	v := s.matcher.Vocabulary()
	for k, id := range tail {
		before.WriteString(v.Bytes(id, from+k == 0 && s.fromStart))
	}
	behind := s.matcher.Following(text, jumpTrials)
	for _, head := range []string{before.String(), strings.TrimPrefix(before.String(), " ")} {
		ids, err := commonTokens(ctx, tok, head, text, tail, behind)
		if len(ids) > 0 || err != nil {
			return ids, err
		}
	}
	return nil, nil
}

// commonTokens encodes a text behind head, whose tokens are tail, and with each of some
// texts behind it, and returns the tokens that are the same in all.
func commonTokens(ctx context.Context, tok *tokenizer.Tokenizer, head, text string, tail []int, behind []string) (common []int, err error) {
	for k, more := range behind {
		if !utf8.ValidString(head + text + more) {
			return nil, nil
		}
		ids, err := tok.EncodeContext(ctx, head+text+more, false)
		if err != nil {
			return nil, err
		}
		if len(ids) < len(tail) || !slices.Equal(ids[:len(tail)], tail) {
			return nil, nil
		}
		ids = ids[len(tail):]
		if k == 0 {
			common = ids
		}
		n := 0
		for n < min(len(common), len(ids)) && common[n] == ids[n] {
			n++
		}
		common = common[:n]
	}
	return common, nil
}
