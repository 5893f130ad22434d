package generate

import (
	"context"
	"fmt"
	"image"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tokenizer"
)

// ImageInput describes the input that takes the pictures of [Options.Images]: its
// sizes and its pixels. One that takes arrays is described as if it were one of images,
// and where pictures are cut into crops the size is that of a crop. It is nil where the
// model takes none, and a copy.
func (g *Generator) ImageInput() *coreml.FeatureDescription {
	b := g.made().bound.image
	if b == nil {
		return nil
	}
	return new(*b.described)
}

// place gives the placeholders of a prompt their pictures: those of earlier turns,
// and then those of the options. It returns the prompt with as many placeholders as
// the pictures have rows. The pictures go through the model here, before a state
// is waited for.
func (r *generation) place(ctx context.Context, prompt []int, earlier []*picture) ([]int, error) {
	b, images := r.bound.image, r.opts.Images
	if b == nil || b.token < 0 {
		others := r.g.bound.image // of a function that sees them
		if len(images) == 0 && (others == nil || others.token < 0 || !slices.Contains(prompt, pictureSlot)) {
			return prompt, nil
		}
		return nil, r.noPictures()
	}
	units, err := b.units(earlier, images, r.bound.context)
	if err != nil {
		return nil, err
	}
	prompt, spots, err := b.widen(prompt, units, len(earlier), r.g.tok)
	if err != nil {
		return nil, err
	}
	if err := r.checkPrompt(prompt); err != nil {
		return nil, err
	}
	r.shown = append(r.shown, earlier...)
	for i, img := range images {
		p, err := b.encode(ctx, img)
		if err != nil {
			return nil, fmt.Errorf("picture %d: %w", i, err)
		}
		r.shown = append(r.shown, p)
	}
	for _, spot := range spots {
		p := r.shown[spot.picture]
		if n := spot.rows * p.width; n < len(p.rows) {
			from := spot.from * p.width
			p = &picture{p.rows[from : from+n], p.width}
		}
		r.pictures = append(r.pictures, placed{spot.at, p})
	}
	return prompt, nil
}

// units returns how many crops each picture has, those of earlier turns first. It
// refuses more than the context has room for before there is memory for as many.
func (b *boundImage) units(earlier []*picture, images []image.Image, context int) ([]int, error) {
	var units []int
	total := 0
	for _, p := range earlier {
		units = append(units, len(p.rows)/p.width/b.places)
		total += units[len(units)-1]
	}
	for i, img := range images {
		n, err := b.check(img)
		if err != nil {
			return nil, &ConfigError{Field: "Images", Reason: fmt.Sprintf("number %d: %v", i, err), Err: err}
		}
		units = append(units, n)
		total += n
	}
	if total > context/b.places {
		return nil, &ContextError{Tokens: total * b.places, ContextLength: context}
	}
	return units, nil
}

// spot is where rows of a picture go into a prompt.
type spot struct{ at, picture, from, rows int }

// widen returns a prompt with a placeholder for each row of its pictures, and where
// their rows go. A prompt has a placeholder for each picture, for each of its crops, or
// for each row of these: some templates and callers write them all. Units are the crops
// of each picture.
func (b *boundImage) widen(prompt, units []int, earlier int, t *tokenizer.Tokenizer) (ids []int, spots []spot, err error) {
	found, whole := b.count(prompt)
	total := 0
	for _, n := range units {
		total += n
	}
	group := 1 // placeholders that stand together for one spot
	perCrop := true
	switch {
	case found == len(units):
		perCrop = false
	case found == total:
	case found == total*b.places && whole:
		group = b.places
	default:
		return nil, nil, b.miscounted(found, whole, units, earlier, t)
	}
	if found == 0 {
		return prompt, nil, nil
	}
	next := spot{}
	seen := 0
	for _, id := range prompt {
		if id != b.slot() {
			ids = append(ids, id)
			continue
		}
		if seen++; seen%group != 0 {
			continue
		}
		next.at, next.rows = len(ids), b.places
		if !perCrop {
			next.rows *= units[next.picture]
		}
		spots = append(spots, next)
		for range next.rows {
			ids = append(ids, b.token)
		}
		if next.from += next.rows; next.from == units[next.picture]*b.places {
			next.picture, next.from = next.picture+1, 0
		}
	}
	return ids, spots, nil
}

// count returns how many placeholders a prompt has, and whether they stand in groups
// of as many as a crop has rows.
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
func (b *boundImage) miscounted(found int, whole bool, units []int, earlier int, t *tokenizer.Tokenizer) error {
	pictures, given, crops := len(units), len(units)-earlier, 0
	for _, n := range units {
		crops += n
	}
	if whole && b.places > 1 && found > pictures {
		found /= b.places
	}
	name := b.markerText(t)
	text := fmt.Sprintf("is a list of %s, but the prompt has %s for them, each %q", countOf(given, "picture"), countOf(found, "place"), name)
	if crops > pictures {
		text += fmt.Sprintf("; want one for each picture, for each of the %d crops, or %d for each of these", crops, b.places)
	}
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
