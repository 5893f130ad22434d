package generate

import (
	"context"
	"fmt"
	"math"

	"github.com/gocoreml/coreml/internal/samebits"
)

// Score says how well a model foretells a text.
type Score struct {
	// Tokens are those of the text. What foretells a token is all before it in its piece.
	Tokens []TokenScore
	// Count is the number of tokens that were foretold: all but those that are First.
	Count int
	// LogProb is the sum of their logarithms of probabilities, and Perplexity e to the
	// power of minus their mean.
	LogProb, Perplexity float64
}

// TokenScore is a token of a scored text.
type TokenScore struct {
	// TokenLogProbs has the token's text and probability, and the likeliest tokens in its
	// place where Options.LogProbs is above 0.
	TokenLogProbs
	// First marks a token that nothing came before: that of the text, and of each further
	// piece of a text that is longer than the context. It has no probability: LogProb is 0.
	First bool
}

// Score returns how likely the model holds each token of a text to be after those before
// it. The text is encoded as the prompt of [Generator.Stream] is, with the special tokens
// that its tokenizer adds. It is read in blocks of Config.PrefillChunk, so that memory does
// not grow with its length, but for what is returned; a text that is longer than the
// context is taken in pieces as long as that. Of opts Function, Adapters and LogProbs
// matter. A nil ctx never ends.
func (g *Generator) Score(ctx context.Context, text string, opts *Options) (*Score, error) {
	ctx, g = background(ctx), g.made()
	return g.score(ctx, opts, func() ([]int, error) {
		if g.tok == nil {
			return nil, ErrNoTokenizer
		}
		return encodePrompt(ctx, g.tok, text)
	})
}

// ScoreTokens is [Generator.Score] for a text that is encoded already. It needs no
// tokenizer; without one tokens have no Text.
func (g *Generator) ScoreTokens(ctx context.Context, ids []int, opts *Options) (*Score, error) {
	g = g.made()
	return g.score(background(ctx), opts, func() ([]int, error) { return ids, nil })
}

func (g *Generator) score(ctx context.Context, opts *Options, encode func() ([]int, error)) (*Score, error) {
	s, err := g.scoreOf(ctx, opts, encode)
	if err != nil {
		return nil, prefixed(err)
	}
	return s, nil
}

func (g *Generator) scoreOf(ctx context.Context, opts *Options, encode func() ([]int, error)) (*Score, error) {
	if err := g.check(); err != nil {
		return nil, err
	}
	o := valueOr(opts, Options{})
	bound, err := g.function(ctx, o.Function, o.Adapters)
	if err != nil {
		return nil, err
	}
	if err := o.validate(int(bound.vocabulary.Load())); err != nil {
		return nil, err
	}
	if bound.greedyOnly() {
		return nil, fmt.Errorf("%w: the package chooses its tokens itself (%s), and tells no probabilities", ErrDriver, bound.outputName())
	}
	ids, err := encode()
	if err != nil {
		return nil, err
	}
	if len(ids) < 2 || bound.context < 2 {
		return nil, configErrorf("text", "has %s, where the second is the first to foretell", count(len(ids)))
	}
	if err := bound.checkTokens(ids, "the text"); err != nil {
		return nil, err
	}
	s := &scorer{g: g, score: new(Score), probs: newLogProbs(max(o.LogProbs, 0))}
	if err := s.run(ctx, bound, ids); err != nil {
		return nil, err
	}
	s.score.Perplexity = samebits.Exp(-s.score.LogProb / float64(s.score.Count))
	return s.score, nil
}

// scorer reads a text.
type scorer struct {
	g     *Generator
	score *Score
	probs *logProbs
}

// run reads a text piece by piece. Pieces and not a window that moves by one token: that
// would take a pass over the whole context for each of them.
func (s *scorer) run(ctx context.Context, bound *boundModel, ids []int) (err error) {
	seq, err := s.g.newSequence(ctx, bound, 0)
	if err != nil {
		return err
	}
	defer func() {
		if cerr := seq.close(); err == nil {
			err = cerr
		}
	}()
	for len(ids) > 0 {
		n := min(len(ids), bound.context)
		if err := s.piece(ctx, seq, ids[:n]); err != nil {
			return err
		}
		ids = ids[n:]
	}
	return nil
}

// piece reads tokens behind nothing.
func (s *scorer) piece(ctx context.Context, seq *Sequence, ids []int) error {
	first := TokenScore{First: true}
	first.ID, first.Text = ids[0], textOf(s.g.tok, ids[0])
	s.score.Tokens = append(s.score.Tokens, first)
	if len(ids) == 1 {
		return nil
	}
	if err := seq.truncate(0); err != nil {
		return err
	}
	_, err := seq.append(ctx, ids[:len(ids)-1], func(pos int, logits []float32) error {
		if err := checkFinite(logits); err != nil {
			return fmt.Errorf("position %d: %w", pos, err)
		}
		if ids[pos+1] >= len(logits) {
			return &TokenError{ID: ids[pos+1], Where: "the text", Vocabulary: len(logits)}
		}
		s.probs.take(logits)
		token := TokenScore{TokenLogProbs: s.probs.of(s.g.tok, ids[pos+1])}
		if math.IsInf(token.LogProb, 0) {
			return fmt.Errorf("position %d: %w: the model holds the token to be impossible", pos, ErrNonFinite)
		}
		s.score.Tokens = append(s.score.Tokens, token)
		s.score.Count++
		s.score.LogProb += token.LogProb
		return nil
	})
	return err
}
