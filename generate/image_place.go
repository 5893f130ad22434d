package generate

import (
	"context"
	"fmt"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tokenizer"
)

// ImageInput describes the input that takes the pictures of [Options.Images]: its
// sizes and its pixels. It is nil where the model takes none, and a copy.
func (g *Generator) ImageInput() *coreml.FeatureDescription {
	b := g.made().bound.image
	if b == nil {
		return nil
	}
	return new(*b.input)
}

// place gives the placeholders of a prompt their pictures: those of earlier turns,
// and then those of the options. It returns the prompt with as many placeholders as
// the pictures have rows. The pictures go through the model here, before a state
// is waited for.
func (r *generation) place(ctx context.Context, prompt []int, earlier []*picture) ([]int, error) {
	b, images := r.bound.image, r.opts.Images
	if b == nil || b.token < 0 {
		if len(images) == 0 && !slices.Contains(prompt, pictureSlot) {
			return prompt, nil
		}
		return nil, r.noPictures()
	}
	if n := len(earlier) + len(images); n > r.bound.context/b.places { // before there is memory for as many
		return nil, &ContextError{Tokens: n * b.places, ContextLength: r.bound.context}
	}
	prompt, places, err := b.widen(prompt, len(earlier), len(images), r.g.tok)
	if err != nil {
		return nil, err
	}
	if err := r.checkPrompt(prompt); err != nil {
		return nil, err
	}
	for i, img := range images {
		if err := b.check(img); err != nil {
			return nil, &ConfigError{Field: "Images", Reason: fmt.Sprintf("number %d: %v", i, err), Err: err}
		}
	}
	r.shown = append(r.shown, earlier...)
	for i, img := range images {
		p, err := b.encode(ctx, img)
		if err != nil {
			return nil, fmt.Errorf("picture %d: %w", i, err)
		}
		r.shown = append(r.shown, p)
	}
	for i, at := range places {
		r.pictures = append(r.pictures, placed{at, r.shown[i]})
	}
	return prompt, nil
}

// widen returns a prompt with a placeholder for each row of its pictures, and the
// position of each picture. A prompt that has as many already stays as it is: some
// templates and callers write them all.
func (b *boundImage) widen(prompt []int, earlier, given int, t *tokenizer.Tokenizer) (ids, places []int, err error) {
	found, whole := b.count(prompt)
	pictures := earlier + given
	times := b.places
	switch found {
	case pictures:
	case pictures * b.places:
		if !whole {
			return nil, nil, b.miscounted(found, whole, earlier, given, t)
		}
		times = 1
	default:
		return nil, nil, b.miscounted(found, whole, earlier, given, t)
	}
	if found == 0 {
		return prompt, nil, nil
	}
	for i, seen := 0, 0; i < len(prompt); i++ {
		if prompt[i] != b.slot() {
			ids = append(ids, prompt[i])
			continue
		}
		if seen%(b.places/times) == 0 {
			places = append(places, len(ids))
		}
		seen++
		for range times {
			ids = append(ids, b.token)
		}
	}
	return ids, places, nil
}

// count returns how many placeholders a prompt has, and whether they stand in groups
// of as many as a picture has rows.
func (b *boundImage) count(prompt []int) (found int, whole bool) {
	whole = true
	run := 0
	for _, id := range prompt {
		if id == b.slot() {
			run++
			continue
		}
		found, whole, run = found+run, whole && run%b.places == 0, 0
	}
	return found + run, whole && run%b.places == 0
}

// miscounted is the error of other numbers of pictures than of places.
func (b *boundImage) miscounted(found int, whole bool, earlier, given int, t *tokenizer.Tokenizer) error {
	pictures := earlier + given
	if whole && b.places > 1 && found > pictures {
		found /= b.places
	}
	name := b.markerText(t)
	text := fmt.Sprintf("is a list of %s, but the prompt has %s for them, each %q", countOf(given, "picture"), countOf(found, "place"), name)
	if earlier > 0 {
		text += fmt.Sprintf(", of which %s of earlier turns take one", countOf(earlier, "picture"))
	}
	return configErrorf("Images", "%s", text)
}

// markerText is how a place is written in prompts, empty where that is too long for an
// error or not known.
func (b *boundImage) markerText(t *tokenizer.Tokenizer) string {
	if b.marker != "" || t == nil {
		return b.marker
	}
	if token, ok := t.IDToToken(b.token); ok && len(token) <= maxNamedToken {
		return token
	}
	return ""
}

// countOf returns a number with what it counts.
func countOf(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// placeholders are the names that tokenizers have for the place of a picture.
var placeholders = []string{"<image>", "<|image_pad|>", "<image_soft_token>", "<|image|>", "<IMG_CONTEXT>", "[IMG]"}

// noPictures is the error of pictures for a model that takes none, as far as is
// known.
func (r *generation) noPictures() error {
	switch other := r.g.bound.image; {
	case r.bound.image == nil && other != nil && other.token >= 0:
		return configErrorf("Function", "is %q, which takes no pictures: the prompt has some, or a place for one (%q), and only other functions see them", r.opts.Function, other.markerText(r.g.tok))
	case r.bound.image == nil:
		return configErrorf("Images", `is not empty, but the model takes no pictures: no package of its folder does, or a driver file has to say which, as in {"image": {"package": "vision.mlpackage", "token": ID}}`)
	}
	id, hint := "ID", ""
	for _, name := range placeholders {
		if n, ok := r.g.tok.TokenToID(name); ok {
			id, hint = fmt.Sprint(n), fmt.Sprintf(" (the tokenizer has one called %s)", name)
			break
		}
	}
	return driverErrorf("image.token", `is missing: no package tells which token stands for a picture%s; write into a driver file: {"image": {"token": %s}}`, hint, id)
}

// keptPictures returns how many of the first n tokens, which two texts share, have
// the same pictures in both.
func keptPictures(old, fresh []placed, n int) int {
	for i := range max(len(old), len(fresh)) {
		switch {
		case i >= len(old):
			return min(n, fresh[i].at)
		case i >= len(fresh):
			return min(n, old[i].at)
		case old[i].at != fresh[i].at || !old[i].equal(fresh[i].picture):
			return min(n, old[i].at, fresh[i].at)
		}
	}
	return n
}
