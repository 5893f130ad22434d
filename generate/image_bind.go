package generate

import (
	"context"
	"errors"
	"fmt"
	"image"
	"slices"

	"github.com/gocoreml/coreml/coreml"
	"github.com/gocoreml/coreml/tensor"
)

// boundImage is the function that makes rows of pictures.
type boundImage struct {
	model  predictor
	input  *coreml.FeatureDescription
	output string
	places int
	token  int // the placeholder, -1 where it is not known
	stage  int // the stage whose input takes the rows
	// marker is the text that stands for a picture where that is no token of the
	// tokenizer; empty where it is the placeholder itself.
	marker string
}

// picture is what a model sees of a picture: a row for each of its places. It is
// not changed once it is made.
type picture struct {
	rows  []float32
	width int
}

// equal reports whether a model sees the same in both.
func (p *picture) equal(other *picture) bool {
	return p == other || p.width == other.width && slices.Equal(p.rows, other.rows)
}

// placed is a picture at a position of a sequence.
type placed struct {
	at int
	*picture
}

// end returns the position behind the picture.
func (p *placed) end() int { return p.at + len(p.rows)/p.width }

// bindImage binds the function for pictures before the stages are bound.
func (b *boundModel) bindImage(ctx context.Context, src functionSource, stages []Stage) error {
	m := b.d.Image
	if m == nil {
		return nil
	}
	model, desc, err := src.function(ctx, m.Package, m.Function)
	if err != nil {
		return err
	}
	b.image = &boundImage{model: model, input: desc.Input(m.Input), output: m.Output, places: m.Places, token: -1}
	b.image.stage = slices.IndexFunc(stages, func(s Stage) bool { return s.Inputs[m.Into].takesEmbeddings() })
	if b.image.input == nil || b.image.stage < 0 || m.Places < 1 {
		return driverErrorf("image", "is not whole: input %q, into %q, %d places", m.Input, m.Into, m.Places)
	}
	if m.Token != nil {
		b.image.token = *m.Token
	}
	return nil
}

// takesPictures reports whether the rows of pictures go into an input.
func (b *boundModel) takesPictures(stage int, input string) bool {
	return b.image != nil && b.image.stage == stage && b.d.Image.Into == input
}

// check refuses a picture that the model does not take.
func (b *boundImage) check(img image.Image) error {
	if img == nil {
		return errors.New("it is nil")
	}
	size, channels := img.Bounds().Size(), 1
	if p := b.input.Pixels; p == coreml.PixelsRGB || p == coreml.PixelsBGR {
		channels = 3
	}
	if err := b.input.Check(1, channels, size.Y, size.X); err != nil {
		return fmt.Errorf("a picture %d wide and %d high for %s: %w", size.X, size.Y, b.input, err)
	}
	return nil
}

// encode makes rows of a picture.
func (b *boundImage) encode(ctx context.Context, img image.Image) (*picture, error) {
	out, err := b.model.Predict(ctx, coreml.Features{b.input.Name: coreml.Image(img)}, nil, nil)
	if err != nil {
		return nil, err
	}
	t := out.Tensor(b.output)
	rows, err := tensor.Values[float32](t)
	if err != nil {
		return nil, fmt.Errorf("output %s: %w", b.output, err)
	}
	width := len(rows) / b.places
	if width == 0 || t.Rank() < 2 || t.Dim(-1) != width || t.Dim(-2) != b.places || width*b.places != len(rows) {
		return nil, fmt.Errorf("%w: output %s is %v, which are not the rows of %d places", ErrDriver, b.output, t.Shape(), b.places)
	}
	return &picture{rows, width}, nil
}

// splice returns t, the embeddings of the tokens from position base on along an
// axis, with the rows of pictures in their places. T itself is not changed.
func splice(t *tensor.Tensor, axis, base, tokens int, pictures []placed) (*tensor.Tensor, error) {
	changed := false
	for i := range pictures {
		p := &pictures[i]
		from, to := max(p.at, base), min(p.end(), base+tokens)
		if from >= to {
			continue
		}
		if !changed {
			t, changed = t.Clone(), true // outputs are written to again by the stage that gave them
		}
		if err := p.write(t, axis, from, to, base); err != nil {
			return nil, err
		}
	}
	return t, t.Err()
}

// write writes the rows of the positions from and to into t, whose places along
// axis begin with position base.
func (p *placed) write(t *tensor.Tensor, axis, from, to, base int) error {
	outer, inner := 1, 1
	for i, n := range t.Shape() {
		if i < axis {
			outer *= n
		} else if i > axis {
			inner *= n
		}
	}
	rows := inner == p.width // else [1, width, 1, q]
	if !rows && (inner != 1 || outer%p.width != 0) || to-base > t.Dim(axis) {
		return fmt.Errorf("%w: rows of %d numbers for embeddings of shape %v", ErrDriver, p.width, t.Shape())
	}
	src, err := tensor.Wrap(p.rows, len(p.rows)).To(t.DType()).Bytes()
	if err != nil {
		return err
	}
	dst, err := t.Bytes()
	if err != nil {
		return err
	}
	size, places := t.DType().Size(), t.Dim(axis)
	for o := range outer {
		for at := from; at < to; at++ {
			row := src[(at-p.at)*p.width*size:][:p.width*size]
			if !rows {
				k := o % p.width
				row = row[k*size : (k+1)*size]
			}
			copy(dst[(o*places+at-base)*inner*size:], row)
		}
	}
	return nil
}
