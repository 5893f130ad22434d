package generate

import (
	"context"
	"slices"
	"strings"
)

const (
	// defaultMarker is the text that stands for a picture where the tokenizer has no
	// token of its own for that.
	defaultMarker = "<image>"
	// pictureSlot stands for a placeholder among token ids whose placeholder is also
	// the id of some text.
	pictureSlot = -1
)

// bindMarker finds out how a placeholder is written in prompts: as a token that the
// tokenizer knows, or as a text that it does not.
func (g *Generator) bindMarker(m *boundModel) {
	b := m.image
	if b == nil || b.token < 0 || g.tok == nil {
		return
	}
	marker, own := m.d.Image.Marker, ""
	if g.tok.IsAdded(b.token) {
		own, _ = g.tok.IDToToken(b.token)
	}
	switch {
	case marker == "" && own == "":
		b.marker = defaultMarker
	case marker != own:
		b.marker = marker
	}
}

// slot returns what stands for a placeholder in an encoded prompt.
func (b *boundImage) slot() int {
	if b.marker != "" {
		return pictureSlot
	}
	return b.token
}

// splitsAt returns the text at which prompts are split, empty for none.
func (g *Generator) splitsAt(text string) string {
	if b := g.bound.image; b != nil && b.marker != "" && strings.Contains(text, b.marker) {
		return b.marker
	}
	return ""
}

// encodeText turns a prompt into token ids, with a slot for each placeholder.
func (g *Generator) encodeText(ctx context.Context, prompt string) ([]int, error) {
	marker := g.splitsAt(prompt)
	if marker == "" {
		return encodePrompt(ctx, g.tok, prompt)
	}
	first, rest, _ := strings.Cut(prompt, marker)
	ids, err := encodePrompt(ctx, g.tok, first)
	if err != nil {
		return nil, err
	}
	behind, err := g.addedBehind(ctx)
	if err != nil {
		return nil, err
	}
	at := max(len(ids)-behind, 0)
	tail := slices.Clone(ids[at:])
	if ids, err = g.encodeRest(ctx, ids[:at], rest, marker); err != nil {
		return nil, err
	}
	return append(ids, tail...), nil
}

// encodeRest appends a slot and the text behind it, in which there may be others.
func (g *Generator) encodeRest(ctx context.Context, ids []int, rest, marker string) ([]int, error) {
	for text := range strings.SplitSeq(rest, marker) {
		part, err := g.tok.EncodeContext(ctx, text, false)
		if err != nil {
			return nil, unlessEnded(ctx, err)
		}
		ids = append(append(ids, pictureSlot), part...)
	}
	return ids, nil
}

// addedBehind returns how many tokens the tokenizer puts behind a text by itself.
func (g *Generator) addedBehind(ctx context.Context) (int, error) {
	const probe = "a"
	whole, err := g.tok.EncodeContext(ctx, probe, true)
	if err != nil {
		return 0, unlessEnded(ctx, err)
	}
	bare, err := g.tok.EncodeContext(ctx, probe, false)
	if err != nil {
		return 0, unlessEnded(ctx, err)
	}
	for at := 0; at+len(bare) <= len(whole); at++ {
		if slices.Equal(whole[at:at+len(bare)], bare) {
			return len(whole) - at - len(bare), nil
		}
	}
	return 0, nil
}

// encodeTemplate turns a text that a chat template wrote into token ids.
func (g *Generator) encodeTemplate(ctx context.Context, text, marker string) ([]int, error) {
	first, rest, _ := strings.Cut(text, marker)
	ids, err := g.tok.EncodeContext(ctx, first, false)
	if err != nil {
		return nil, err
	}
	return g.encodeRest(ctx, ids, rest, marker)
}

// markTokens puts slots in place of the placeholders of a prompt that is encoded
// already and has pictures.
func (g *Generator) markTokens(prompt []int, opts *Options) ([]int, error) {
	b := g.bound.image
	if b == nil || b.marker == "" || opts == nil || len(opts.Images) == 0 {
		return prompt, nil
	}
	if err := g.bound.checkPrompt(prompt); err != nil {
		return nil, err
	}
	out := slices.Clone(prompt)
	for i, id := range out {
		if id == b.token {
			out[i] = pictureSlot
		}
	}
	return out, nil
}
